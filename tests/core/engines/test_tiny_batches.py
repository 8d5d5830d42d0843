"""What is learnt from a file, and how it is put together in steps."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tintype.engines.tiny import batches
from tintype.engines.tiny.batches import Task, TaskView, exercise, tasks
from tintype.engines.tiny.cache import Channels
from tintype.engines.tiny.features import CHANNELS
from tintype.engines.tiny.layout import Shape
from tintype.engines.tiny.plan import StepPlan
from tintype.engines.tiny.rows import Lessons, prompt_of, read_lessons
from tintype.engines.tiny.tokenizer import END, PROMPT, AnswerTokens, PromptWords
from tintype.errors import EngineError


def learnt(lessons: Lessons, context: int = 32) -> tuple[tuple[Task, ...], AnswerTokens]:
    tokens = AnswerTokens.learn(lesson.answer for lesson in lessons.lessons)
    words = PromptWords.learn([lesson.prompt.text for lesson in lessons.lessons])
    return tasks(lessons.lessons, Shape(context=context, prompt_words=8), tokens, words), tokens


def channels(images: int, copies: int = 3) -> Channels:
    values = np.arange(images * copies, dtype=np.float16).reshape(images, copies, 1, 1, 1)
    return Channels(np.broadcast_to(values, (images, copies, 2, 2, CHANNELS)), 32, 0)


def test_each_answer_with_a_weight_is_a_lesson(rows: Any, drawn: Callable[..., bytes]) -> None:
    first, second = drawn("red", 0, 0), drawn("blue", 9, 9)
    conversation = {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "one?"}, rows.part(first)]},
            {"role": "assistant", "content": "red"},
            {"role": "user", "content": [rows.part(second), {"type": "text", "text": "two?"}]},
            {"role": "assistant", "content": "ignored", "weight": 0},
            {"role": "user", "content": "three?"},
            {"role": "assistant", "content": "both", "weight": 1},
        ]
    }
    read = read_lessons(rows.write("t.jsonl", [conversation, rows.row("x?", "y", first)]))
    assert read.rows == 2
    assert [lesson.answer for lesson in read.lessons] == ["red", "both", "y"]
    assert [lesson.row for lesson in read.lessons] == [0, 0, 1]
    assert [lesson.images for lesson in read.lessons] == [(0,), (0, 1), (0,)]
    assert len(read.images) == 2
    assert read.image(1) == second
    both = read.lessons[1].prompt
    assert both.asked == "three?"
    assert "ignored" in both.earlier
    assert "be brief" in both.earlier


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": "alone"}],
        [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 0}],
        [{"role": "user", "content": "q"}, {"role": "assistant", "content": None}],
    ],
)
def test_a_file_with_nothing_to_learn_says_so(rows: Any, messages: list[Any]) -> None:
    with pytest.raises(EngineError, match="has nothing to learn"):
        read_lessons(rows.write("t.jsonl", [{"messages": messages}]))


def test_an_empty_file_says_so(rows: Any) -> None:
    with pytest.raises(EngineError, match="has nothing to learn"):
        read_lessons(rows.write("t.jsonl", []))


def test_the_question_is_what_was_said_since_the_last_answer() -> None:
    prompt = prompt_of([("user", "a"), ("assistant", "b"), ("system", "c"), ("user", "d")])
    assert (prompt.earlier, prompt.asked) == ("a\nb", "c\nd")
    words = PromptWords(("a", "b", "c", "d"))
    read = batches.reading(prompt, words, 3)
    assert read.words.tolist() == [PROMPT, *words.encode("b c d")]
    assert read.asked.tolist() == pytest.approx([0, 0, 0.5**0.5, 0.5**0.5])


def test_every_row_comes_once_an_epoch_in_another_order(rows: Any) -> None:
    made, _ = learnt(read_lessons(rows.write("t.jsonl", rows.colours(30))))
    grouped = [(task,) for task in made]
    orders = [batches.row_order(grouped, seed=1, epoch=epoch) for epoch in (0, 1)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(30))
    assert orders[0] != orders[1]
    assert batches.row_order(grouped, seed=1, epoch=1) == orders[1]
    assert batches.row_order(grouped, seed=2, epoch=1) != orders[1]


def test_questions_about_one_image_meet_in_small_groups(
    rows: Any, drawn: Callable[..., bytes]
) -> None:
    asked = [
        rows.row(f"question {at}?", "yes", drawn("red", image, image))
        for image in range(4)
        for at in range(10)
    ]
    made, _ = learnt(read_lessons(rows.write("t.jsonl", asked)))
    grouped = [(task,) for task in made]
    order = [made[row].images[0] for row in batches.row_order(grouped, seed=0, epoch=0)]
    changes = sum(one != other for one, other in pairwise(order))
    assert changes <= 4 * 3 - 1
    plan = StepPlan(rows=40, batch=8, epochs=1, views=1)
    views = batches.views_of(grouped, list(range(10)), plan, epoch=3, copies=8)
    assert len({view.copy for view in views}) == 1
    given = exercise(views, channels(4, copies=8), 300)
    assert len(given.batch.channels) == 1
    assert given.batch.images.tolist() == [[0]] * 10


def test_an_image_has_its_next_variation_every_time() -> None:
    read = batches.reading(prompt_of([("user", "q")]), PromptWords(), 4)
    task = Task(0, (5,), read, np.asarray([4, END]), False, "x")
    plan = StepPlan(rows=1, batch=1, epochs=4, views=2)
    copies = [
        [view.copy for view in batches.views_of([[task]], [0], plan, epoch, copies=8)]
        for epoch in range(4)
    ]
    assert sorted(copy for pair in copies for copy in pair) == list(range(8))


def test_boxes_of_several_images_and_boxes_asked_about_are_never_varied(
    rows: Any, drawn: Callable[..., bytes]
) -> None:
    box = "<loc0100><loc0100><loc0500><loc0500> thing"
    images = drawn("red", 0, 0), drawn("blue", 9, 9)
    asked = [
        rows.row("where?", box, *images),
        rows.row(f"what is at {box}?", "red", images[0]),
        rows.row("where?", box, images[0]),
        rows.row("how many?", "2", *images),
    ]
    made, _ = learnt(read_lessons(rows.write("t.jsonl", asked)))
    assert [task.fixed for task in made] == [True, True, False, False]
    plan = StepPlan(rows=4, batch=4, epochs=1, views=1)
    views = batches.views_of([(task,) for task in made], range(4), plan, epoch=1, copies=8)
    assert [view.copy > 0 for view in views] == [False, False, True, True]


def test_boxes_move_with_the_variation_of_their_image(rows: Any) -> None:
    made, tokens = learnt(read_lessons(rows.write("t.jsonl", rows.boxes(1))))
    seen = channels(1)
    same = exercise([TaskView(made[0], 0)], seen, tokens.first_loc)
    varied = exercise([TaskView(made[0], 2)], seen, tokens.first_loc)
    assert same.targets[0].tolist() == made[0].tokens.tolist()
    placing = seen.placing(0, 2)
    expected = batches.moved(made[0].tokens, tokens.first_loc, placing)
    assert varied.targets[0].tolist() == expected.tolist() != same.targets[0].tolist()
    assert varied.inputs[0, 1:].tolist() == expected[:-1].tolist()
    assert (varied.batch.channels == 2).all()


def test_text_images_and_several_images_share_a_batch(
    rows: Any, drawn: Callable[..., bytes]
) -> None:
    asked = [
        rows.row("none?", "text"),
        rows.row("one?", "image", drawn("red", 0, 0)),
        rows.row("two?", "much longer answer", drawn("red", 0, 0), drawn("blue", 9, 9)),
    ]
    made, _ = learnt(read_lessons(rows.write("t.jsonl", asked)))
    given = exercise([TaskView(task, 0) for task in made], channels(2), 300)
    assert given.batch.images.tolist() == [[-1, -1], [0, -1], [0, 1]]
    assert given.batch.channels.shape[0] == 2
    assert (given.targets > 0).sum(1).tolist() == [2, 2, 4]
    alone = exercise([TaskView(made[0], 0)], channels(2), 300)
    assert alone.batch.images.shape == (1, 0)


def test_answers_longer_than_the_context_lose_their_end(rows: Any) -> None:
    made, _ = learnt(read_lessons(rows.write("t.jsonl", [rows.row("q?", "a b c d e")])), context=3)
    assert len(made[0].tokens) == 3
    assert END not in made[0].tokens


def test_portions_hold_every_view_once_and_like_lengths_together(rows: Any) -> None:
    made, _ = learnt(read_lessons(rows.write("t.jsonl", rows.boxes(5) + rows.colours(9))))
    views = [TaskView(task, 0) for task in made]
    cut = list(batches.portions(views, 4))
    assert sum(map(len, cut)) == len(views)
    assert all(len(part) <= 4 for part in cut)
    lengths = [len(view.task.tokens) for part in cut for view in part]
    assert lengths == sorted(lengths)
