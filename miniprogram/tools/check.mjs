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
const judged = official()
if (wrong.length) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
console.log(`${files.length} files: ${room}; ${judged}`)
