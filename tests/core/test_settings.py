import copy
import json
import os
import pickle
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype import settings
from tintype.errors import SettingsError
from tintype.settings import EMBEDDED, OPENAI, Folders, Profile, Secret, Settings

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def places(tmp_path: Path) -> Folders:
    return settings.folders({"TINTYPE_HOME": str(tmp_path)})


def loaded(places: Folders, text: str = "", **environ: str) -> Settings:
    if text:
        places.config.mkdir(parents=True, exist_ok=True)
        places.config_file.write_text(text, encoding="utf-8")
    return settings.load(environ=environ, places=places)


def refused(places: Folders, text: str = "", **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(places, text, **environ)
    return str(caught.value)


def test_tintype_home_puts_all_folders_under_one(tmp_path: Path) -> None:
    found = settings.folders({"TINTYPE_HOME": str(tmp_path)})
    assert {found.config.parent, found.data.parent, found.state.parent, found.cache.parent} == {
        tmp_path
    }
    assert not list(tmp_path.iterdir())


def test_without_tintype_home_the_platform_says_where() -> None:
    found = settings.folders({})
    assert len({found.config, found.cache}) == 2
    assert "tintype" in str(found.config_file)


def test_without_a_file_everything_is_a_default(places: Folders) -> None:
    found = loaded(places)
    assert found.profile == EMBEDDED
    assert found.spend_confirm_usd == Decimal(1)
    assert found.profiles["openai"].base_url == "https://api.openai.com/v1"
    assert not found.origins
    assert str(found.origin("theme")) == "default"


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(
    places: Folders,
) -> None:
    text = 'default_profile = "openai"\ntheme = "nord"\nspend_confirm_usd = 2.50\nread_only = true'
    found = loaded(places, text, TINTYPE_PROFILE="tintype", TINTYPE_LOW_BANDWIDTH="1")
    assert found.default_profile == "tintype"
    assert str(found.origin("default_profile")) == "environment (TINTYPE_PROFILE)"
    assert (found.theme, found.read_only, found.low_bandwidth) == ("nord", True, "on")
    assert found.origin("theme").where == str(places.config_file)
    assert found.spend_confirm_usd == Decimal("2.5")
    assert found.origin("screen_reader").kind == "default"


@pytest.mark.parametrize(
    ("text", "name", "allowed"),
    [
        ('read_only = "ture"', "read_only", "true or false"),
        ("spend_confirm_usd = -1", "spend_confirm_usd", "0 or more"),
        ("spend_confirm_usd = nan", "spend_confirm_usd", "0 or more"),
        ("spend_confirm_usd = true", "spend_confirm_usd", "0 or more"),
        ('spend_confirm_usd = "much"', "spend_confirm_usd", "0 or more"),
        ("theme = 7", "theme", "name of a theme"),
        ('theme = "a\\u001b[31m"', "theme", "name of a theme"),
        ("keymap = 3", "keymap", "table"),
        ("prices = 1", "prices", "path"),
        ('profiles.a.base_url = "ftp://x"', "profiles.a.base_url", "http or https"),
        ('profiles.a.base_url = "https://x:99999/v1"', "profiles.a.base_url", "http or https"),
        ('profiles.a.provider = "az ure"', "profiles.a.provider", "name of a provider"),
        ('profiles.a.provider = "azrue"', "profiles.a.provider", "azure"),
        ('profiles.a.key_env = "A B"', "profiles.a.key_env", "environment variable"),
    ],
)
def test_a_bad_value_is_named_with_file_key_and_what_is_allowed(
    places: Folders, text: str, name: str, allowed: str
) -> None:
    said = refused(places, text)
    assert str(places.config_file) in said
    assert name in said
    assert allowed in said


def test_a_bad_value_in_the_environment_names_the_variable(places: Folders) -> None:
    assert "TINTYPE_READ_ONLY" in refused(places, TINTYPE_READ_ONLY="perhaps")
    assert "OPENAI_BASE_URL" in refused(places, OPENAI_BASE_URL="api.openai.com")


def test_a_password_in_a_base_url_is_refused_and_not_repeated(places: Folders) -> None:
    said = refused(places, 'profiles.a.base_url = "https://me:hunter2@host/v1"')
    assert "hunter2" not in said


def test_an_unknown_name_is_refused_with_the_nearest_one(places: Folders) -> None:
    assert "'read_only'" in refused(places, "read_onyl = true")
    assert "'base_url'" in refused(places, '[profiles.work]\nbase_ulr = "x"')


def test_a_key_in_the_wrong_file_is_not_repeated(places: Folders) -> None:
    assert KEY not in refused(places, f'api_key = "{KEY}"')


def test_the_folder_of_an_unknown_user_is_refused_in_a_sentence(places: Folders) -> None:
    with pytest.raises(SettingsError, match=r"TINTYPE_HOME: There is no user qz on this machine"):
        settings.load(environ={"TINTYPE_HOME": "~qz/x"})
    for name in ("prices", "limits", "keymap"):
        assert "~qz/x.toml" in refused(places, f'{name} = "~qz/x.toml"')
    assert "~qz/x.toml" in refused(places, '[profiles.a]\nprovider = "~qz/x.toml"')


@pytest.mark.parametrize("content", [b"a = [", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused_by_name(places: Folders, content: bytes) -> None:
    places.config.mkdir(parents=True)
    places.config_file.write_bytes(content)
    assert str(places.config_file) in refused(places)


def test_a_folder_in_place_of_the_file_is_refused_by_name(places: Folders) -> None:
    places.config_file.mkdir(parents=True)
    assert str(places.config_file) in refused(places)


@given(content=st.binary(max_size=200))
def test_no_bytes_at_all_make_loading_crash(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    places = settings.folders({"TINTYPE_HOME": str(tmp_path_factory.getbasetemp())})
    places.config.mkdir(exist_ok=True)
    places.config_file.write_bytes(content)
    with suppress(SettingsError):
        settings.load(environ={}, places=places)


def test_a_provider_of_ones_own_needs_only_an_address(places: Folders) -> None:
    found = loaded(places, '[profiles.my-gpu]\nbase_url = "http://gpu:8000/v1/"')
    profile = found.profiles["my-gpu"]
    assert profile == Profile("my-gpu", "compatible", "http://gpu:8000/v1", "MY_GPU_API_KEY")
    assert profile.title == "Provider my-gpu"
    assert "base_url" in refused(places, "[profiles.work]\nproject = 'x'")


def test_a_profile_says_how_long_to_wait_for_a_sign_of_life(places: Folders) -> None:
    text = "[profiles.slow]\nbase_url = 'http://gpu:8000/v1'\ntimeout_s = "
    assert loaded(places, text + "600").profiles["slow"].timeout_s == 600
    for wrong in ("0", "-1", "'long'", "true", "nan"):
        assert "a number of seconds" in refused(places, text + wrong)


def test_a_second_openai_profile_keeps_openais_address(places: Folders) -> None:
    text = '[profiles.work]\nprovider = "openai"\norganization = "org-1"\nkey_env = "WORK_KEY"'
    work = loaded(places, text, OPENAI_PROJECT_ID="p").profiles["work"]
    assert work == Profile("work", "openai", OPENAI.base_url, "WORK_KEY", organization="org-1")


def test_the_sdks_variables_reach_the_built_in_profile_only(places: Folders) -> None:
    text = '[profiles.other]\nbase_url = "https://other.example/v1"'
    variables = {
        "OPENAI_BASE_URL": "https://gateway.example/v1",
        "OPENAI_ORG_ID": "org-9",
        "OPENAI_PROJECT_ID": "proj-9",
    }
    found = loaded(places, text, **variables)
    openai = found.profiles["openai"]
    assert (openai.base_url, openai.organization) == ("https://gateway.example/v1", "org-9")
    assert found.origin("profiles.openai.base_url").where == "OPENAI_BASE_URL"
    assert (found.profiles["other"].organization, found.profiles["other"].project) == ("", "")


def test_the_embedded_profile_cannot_be_redefined(places: Folders) -> None:
    assert "embedded" in refused(places, '[profiles.tintype]\nbase_url = "https://x/v1"')


def test_an_unknown_default_profile_lists_those_there_are(places: Folders) -> None:
    said = refused(places, TINTYPE_PROFILE="opnai")
    assert "TINTYPE_PROFILE" in said
    assert "openai, tintype" in said


def test_a_relative_price_table_lies_beside_the_file(places: Folders) -> None:
    assert loaded(places, 'prices = "my.toml"').prices == places.config / "my.toml"


def test_every_setting_has_a_meaning_and_its_default_is_allowed() -> None:
    for field in settings.FIELDS:
        assert field.meaning.endswith(".")
        assert field.allowed
        if field.default is not None:
            given_back = (
                dict(field.default)
                if isinstance(field.default, MappingProxyType)
                else field.default
            )
            raw = str(given_back) if isinstance(given_back, Decimal) else given_back
            assert field.read(raw) == field.default
    assert "TINTYPE_HOME" in settings.ENVIRONMENT
    assert "TINTYPE_PROFILE" in settings.ENVIRONMENT


@dataclass
class Holder:
    key: Secret


def test_a_secret_does_not_show() -> None:
    secret = Secret(KEY, origin="here")
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!r}",
        "%s" % secret,  # noqa: UP031
        repr(Holder(secret)),
        repr(asdict(Holder(secret))),
        repr([secret]),
    ]
    assert not [text for text in shown if KEY in text]
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY), protocol)


def test_a_secret_is_not_json() -> None:
    with pytest.raises(TypeError) as caught:
        json.dumps({"key": Secret(KEY)})
    assert KEY not in str(caught.value)


def test_a_secret_is_equal_by_value_and_false_when_empty() -> None:
    assert Secret(KEY) == Secret(KEY, origin="elsewhere")
    assert Secret(KEY) != Secret("x")
    assert Secret(KEY) != KEY
    assert len({Secret(KEY), Secret(KEY)}) == 1
    assert not Secret()
    assert copy.deepcopy(Secret(KEY)).reveal() == KEY


def test_a_key_comes_from_its_variable_before_the_file(places: Folders) -> None:
    assert not settings.key_for(OPENAI, environ={}, places=places)
    settings.save_key(OPENAI, Secret("sk-file"), places=places)
    from_file = settings.key_for(OPENAI, environ={}, places=places)
    assert (from_file.reveal(), from_file.origin) == ("sk-file", str(places.keys_file))
    from_variable = settings.key_for(OPENAI, environ={"OPENAI_API_KEY": KEY + "\n"}, places=places)
    assert (from_variable.reveal(), from_variable.origin) == (KEY, "OPENAI_API_KEY")


def test_the_embedded_provider_has_no_key_here(places: Folders) -> None:
    assert not settings.key_for(EMBEDDED, environ={"OPENAI_API_KEY": KEY}, places=places)


def test_saved_keys_are_private_and_others_are_kept(places: Folders) -> None:
    other = Profile('Other "one"', "compatible", "https://x/v1", "OTHER_KEY")
    settings.save_key(OPENAI, Secret(KEY), places=places)
    settings.save_key(other, Secret('a"b\\c'), places=places)
    assert stat.S_IMODE(places.keys_file.stat().st_mode) == 0o600
    assert [path.name for path in places.config.iterdir()] == ["keys.toml"]
    assert settings.key_for(other, environ={}, places=places).reveal() == 'a"b\\c'
    settings.save_key(other, Secret(), places=places)
    assert not settings.key_for(other, environ={}, places=places)
    assert settings.key_for(OPENAI, environ={}, places=places).reveal() == KEY


def test_a_key_file_that_others_can_read_is_mended_with_a_sentence(places: Folders) -> None:
    settings.save_key(OPENAI, Secret(KEY), places=places)
    places.keys_file.chmod(0o644)
    key = settings.key_for(OPENAI, environ={}, places=places)
    assert "0644" in key.notice
    assert KEY not in key.notice
    assert stat.S_IMODE(places.keys_file.stat().st_mode) == 0o600
    assert not settings.key_for(OPENAI, environ={}, places=places).notice


def test_a_damaged_key_file_is_named_without_its_content(places: Folders) -> None:
    places.config.mkdir(parents=True)
    for content in (f'openai = "{KEY}', f'openai "{KEY}"', f'[openai]\nkey = "{KEY}"'):
        places.keys_file.write_text(content, encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            settings.key_for(OPENAI, environ={}, places=places)
        assert str(places.keys_file) in str(caught.value)
        assert KEY not in str(caught.value)


def test_a_key_that_no_header_can_carry_is_refused_without_repeating_it(places: Folders) -> None:
    for bad in ("sk-один", "sk-a b", "sk-a\x1bb"):
        with pytest.raises(SettingsError) as caught:
            settings.key_for(OPENAI, environ={"OPENAI_API_KEY": bad}, places=places)
        assert "OPENAI_API_KEY" in str(caught.value)
        assert bad not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_yields_a_sentence(places: Folders) -> None:
    places.config.mkdir(parents=True, mode=0o500)
    with pytest.raises(SettingsError, match=r"keys\.toml"):
        settings.save_key(OPENAI, Secret(KEY), places=places)


def test_importing_the_settings_loads_nothing_heavy() -> None:
    heavy = ("textual", "openai", "httpx2", "numpy", "PIL", "platformdirs", "asyncio", "sqlite3")
    code = f"import sys, tintype.settings; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
