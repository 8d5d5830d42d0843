"""`tintype serve`: the embedded provider by itself."""

from pathlib import Path

import click

from tintype_tui.commands.output import A_PATH, as_json, put_json, say


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    help="By default the port used last, or a free one.",
)
@click.option("--folder", type=A_PATH, help="Where to keep files and models.")
@click.option("--name", "names", multiple=True, help="Another host name that clients may use.")
@click.option(
    "--stop-training", is_flag=True, help="On exit, stop trainings too; otherwise they go on."
)
@click.option(
    "--with",
    "beside",
    type=(click.Choice(("vllm",)), str),
    metavar="vllm URL",
    help="Have a vLLM server on the same disk answer for tuned open models.",
)
@as_json
def command(
    host: str,
    port: int,
    folder: Path | None,
    names: tuple[str, ...],
    stop_training: bool,
    beside: tuple[str, str] | None,
    as_json: bool,
) -> None:
    """Serve OpenAI's API from this machine until Ctrl+C.

    Any OpenAI client can use it: set its base URL and key to the printed ones. Only programs on
    this machine can reach it, unless you set another host.
    """
    from tintype.connection import server_folder
    from tintype.server.run import Options, Running, serve
    from tintype.settings import load

    def ready(running: Running) -> None:
        token_file = running.folder / "token"
        if as_json:
            put_json({"base_url": running.url, "token_file": token_file, "pid": running.pid})
            return
        say(f"Serving at {running.url}, from {running.folder}.")
        if settings.launcher != "local":
            say(f"Trainings are given to {settings.launcher.capitalize()}.")
        say("For OpenAI's clients, in a POSIX shell:")
        say(f"  export OPENAI_BASE_URL={running.url}")
        say(f'  export OPENAI_API_KEY="$(cat {token_file})"')
        say("Ctrl+C stops the server; trainings under way go on.")

    settings = load()
    where = folder or server_folder(settings)
    serve(
        Options(
            where,
            host,
            port,
            names=names,
            vllm=beside[1] if beside else "",
            launcher=settings.launcher,
            launcher_options=settings.launcher_options,
            stop_training=stop_training,
        ),
        ready=ready,
    )
