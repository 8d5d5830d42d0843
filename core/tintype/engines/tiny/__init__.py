"""`tintype-tiny`: a small vision-language model that learns from scratch, in NumPy.

    engine      the `Engine`: what the server calls, and its card; light to import
    plan        `auto` hyperparameters, and how training is laid out over steps
    rows        a JSONL of chat rows as things to learn
    tokenizer   answers as tokens, prompts as words, boxes as `<loc>` tokens
    features    an image as fixed colour and gradient channels; augmentation
    cache       every distinct image's channels, once, on disk
    batches     which rows, images and copies meet in a step
    tape        automatic differentiation: values, and how gradients flow back
    layers      the differentiable operations
    parameters  named weights that are views of one flat array
    layout      the sizes of a model, and every weight it has
    model       encoder and decoder
    proposals   boxes in answers, and the boxes that an image's cells propose
    pointing    positions pointed at rather than guessed
    optimizer   AdamW, warm-up and cosine
    preparation from an order to everything a training needs
    training    the loop: interruptible, resumable, exact
    validation  losses on held-out rows, and boxes really generated
    files       checkpoints and states of a training: no pickle, nothing believed unchecked
    generation  tokens one after another, with remembered keys and values
    answering   the `Answerer`

Nothing here draws upon what another model learnt: a job begins with random weights and ends with
what its rows have taught it.
"""
