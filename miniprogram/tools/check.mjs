// npm run check: what can be said about the mini-program without running it. Prints what is wrong; exit code 1 then.
import fs from 'node:fs'
import path from 'node:path'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import stylelint from 'stylelint'
import { compile, list } from '../preview/compile/index.mjs'

const HOME = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const APP = path.join(HOME, 'app')
const KIB = 1024
const MAIN_MOST = 1024 * KIB
const WHOLE_MOST = 4096 * KIB
const PICTURE = /\.(png|jpe?g|gif|svg|webp)$/
const KNOWN = /\.(js|json|wxml|wxss|wxs)$/

const wrong = []
const say = (what, text) => wrong.push(`${what}: ${text}`)
const files = list(APP)
const size = (some) => some.reduce((sum, file) => sum + fs.statSync(path.join(APP, file)).size, 0)

async function compiles() {
  const { diagnostics } = await compile(APP)
  for (const one of diagnostics) say('compile', `${one.file}:${one.line} ${one.message}`)
}

function fits() {
  const app = JSON.parse(fs.readFileSync(path.join(APP, 'app.json'), 'utf8'))
  const roots = app.subPackages.map((one) => `${one.root}/`)
  const main = files.filter((file) => !roots.some((root) => file.startsWith(root)))
  if (size(main) > MAIN_MOST) say('size', `the main package has ${size(main)} bytes of ${MAIN_MOST}`)
  if (size(files) > WHOLE_MOST) say('size', `the whole has ${size(files)} bytes of ${WHOLE_MOST}`)
  for (const file of files) if (!KNOWN.test(file) && !PICTURE.test(file)) say('size', `${file} would be uploaded for nothing`)
  return `${Math.round(size(main) / KIB)} KiB main package, ${Math.round(size(files) / KIB)} KiB whole`
}

function run(what, command, given, options = {}) {
  const done = spawnSync(command, given, { cwd: HOME, encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (done.status !== 0) say(what, `${done.stdout}${done.stderr}${done.error ?? ''}`.trim())
}

const types = () => run('types', process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'])

async function lints() {
  const eslint = new ESLint({ cwd: HOME })
  const results = await eslint.lintFiles(['app/**/*.js', 'app/**/*.wxml', 'preview/**/*.{js,mjs}', 'tools/*.mjs', 'tests/**/*.mjs'])
  for (const { filePath, messages } of results) {
    for (const one of messages) say('eslint', `${path.relative(HOME, filePath)}:${one.line} ${one.message} (${one.ruleId})`)
  }
  const { results: sheets } = await stylelint.lint({ cwd: HOME, files: 'app/**/*.wxss', configFile: path.join(HOME, 'tools', 'stylelint.config.mjs') })
  for (const { source, warnings } of sheets) {
    for (const one of warnings) say('stylelint', `${path.relative(HOME, source)}:${one.line} ${one.text}`)
  }
}

// What WeChat draws as something to tap by itself; anything else has to tell screen readers what it is.
const TAPPABLE = new Set(['button', 'navigator', 'switch', 'checkbox', 'radio', 'slider', 'picker', 'input', 'textarea'])
const WORDLESS = new Set(['icon', 'image'])
const TAGS = /<(\/?)([a-z][\w-]*)((?:"[^"]*"|[^">])*?)(\/?)>|[^<]+/g

/** Whoever cannot see the screen hears what each element is that can be tapped, and what it is called. */
function tells() {
  for (const file of files.filter((one) => one.endsWith('.wxml'))) {
    const source = fs.readFileSync(path.join(APP, file), 'utf8')
    const above = []
    for (const [text, closing, tag, attributes = '', alone] of source.matchAll(TAGS)) {
      if (!tag) {
        if (text.trim()) for (const one of above) one.words = true
      } else if (closing) named(above.pop(), file)
      else {
        const one = { tag, attributes, line: source.slice(0, source.indexOf(text)).split('\n').length, words: /aria-label=/.test(attributes) }
        if (one.words && !WORDLESS.has(tag)) for (const other of above) other.words = true
        if (/\b(bind|catch):?tap=/.test(attributes) && !TAPPABLE.has(tag) && !/aria-role=/.test(attributes)) say('tells', `${file}:${one.line} <${tag}> can be tapped and has no aria-role`)
        if (alone) named(one, file)
        else above.push(one)
      }
    }
  }
}

function named({ tag, attributes, line, words }, file) {
  const field = tag === 'input' || tag === 'textarea' || tag === 'switch' || tag === 'picker'
  const tapped = /\b(bind|catch):?tap=/.test(attributes) || tag === 'button'
  if (field ? !/aria-label=/.test(attributes) : tapped && !words) say('tells', `${file}:${line} <${tag}> has no words and no aria-label`)
}

/** WeChat's own compilers, for Linux on x86_64: they refuse what a phone would refuse. */
function official() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the official compilers run on Linux x86_64 only: left out'
  const bin = path.join(HOME, 'node_modules', 'miniprogram-compiler', 'bin', 'linux')
  const ending = (end) => files.filter((file) => file.endsWith(end))
  const using = ending('.wxml').map((file) => {
    const config = JSON.parse(fs.readFileSync(path.join(APP, file.replace(/wxml$/, 'json')), 'utf8'))
    const tags = Object.keys(config.usingComponents ?? {})
    return `${file} ${tags.length} ${tags.join(' ')}`
  })
  for (const name of ['wcc', 'wcsc']) fs.chmodSync(path.join(bin, name), 0o755)
  run('wcc', path.join(bin, 'wcc'), ['-d', '-cc', `${using.length} ${using.join(' ')}`, ...ending('.wxml'), ...ending('.wxs'), '-gn', '$gwx'], { cwd: APP })
  run('wcsc', path.join(bin, 'wcsc'), ['-js', '-pc', String(ending('.wxss').length), ...ending('.wxss')], { cwd: APP })
  return 'official compilers content'
}

await compiles()
const room = fits()
types()
await lints()
tells()
const judged = official()
if (wrong.length) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(`${files.length} files: ${room}; ${judged}`)
