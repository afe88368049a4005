"""A headless Chromium for pages on the disk, which tells what they asked for and what went wrong in them."""

import json
import shutil

import pytest

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars"]


def open_browser(profile):
    """Skips where no Chromium or driver is."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("no chromium with its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    browser.set_window_size(1280, 1000)
    return browser


def requests(browser):
    """The addresses asked for since the last call, but for images that the page holds itself."""
    events = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    found = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [url for url in found if not url.startswith("data:")]
