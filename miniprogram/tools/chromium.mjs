import fs from 'node:fs'
import { chromium } from 'playwright-core'

const PLACES = [process.env.HOELUN_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

/** The machine's own browser, which asks nothing of anybody outside. Throws an Error when there is none. */
export function launch() {
  const executablePath = PLACES.find((one) => one && fs.existsSync(one))
  if (!executablePath) throw new Error('no Chromium: install Debian\'s chromium, or name one in HOELUN_CHROMIUM')
  return chromium.launch({ executablePath, args: ARGUMENTS })
}
