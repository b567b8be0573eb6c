// The three engines of the tests: how each is found or installed.
import { ensureChromium } from './chromium.mjs'
import { ensureFirefox } from './firefox.mjs'
import { ensureWebKit } from './webkit.mjs'

/** `ensure` gives something truthy where the engine can be tested here; `missing` says what to install where it cannot. */
export const ENGINES = {
  chromium: { ensure: ensureChromium },
  firefox: { ensure: ensureFirefox, missing: 'there is no Firefox; install it, or name it: FIREFOX=/path/to/firefox' },
  webkit: { ensure: ensureWebKit, missing: 'it needs WebKitWebDriver, MiniBrowser and Xvfb (Debian: webkit2gtk-driver, xvfb), which are for Linux only' },
}
