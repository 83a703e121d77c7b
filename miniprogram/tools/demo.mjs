// A demo on free ports whose data is thrown away, for the pictures.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
export const PYTHON = path.join(ROOT, '.venv', 'bin', 'python')

/** Also sets HOELUN_E2E_PREVIEW, _CONSOLE and _SANDBOX. → { stop } */
export async function startDemo() {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'hoelun-screenshots-'))
  const child = spawn(PYTHON, ['-m', 'server', 'demo'], { cwd: ROOT, env: { ...process.env, HOELUN_DATA_DIR: data }, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let printed = ''
  await new Promise((resolve, reject) => {
    child.stdout.on('data', (more) => {
      printed += more
      if (printed.includes('Ctrl-C stops everything')) resolve()
    })
    ended.then(() => reject(new Error(`the demo did not start:\n${printed}`)))
  })
  const address = (words) => printed.match(new RegExp(`${words}\\s+(http://[^\\s/]+)`))[1]
  process.env.HOELUN_E2E_PREVIEW = address('The mini-program')
  process.env.HOELUN_E2E_CONSOLE = address('API and staff console')
  process.env.HOELUN_E2E_SANDBOX = address('Messages on the phones')
  console.log(`a demo at ${process.env.HOELUN_E2E_CONSOLE}`)
  return {
    async stop() {
      child.kill('SIGINT')
      await ended
      fs.rmSync(data, { recursive: true, force: true })
    },
  }
}
