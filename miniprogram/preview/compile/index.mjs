// Compiles the sources that would be uploaded into one bundle that the runtime starts, in a browser or in jsdom.
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import vm from 'node:vm'
import { css } from './styles.mjs'

const { TmplGroup } = createRequire(import.meta.url)('glass-easel-template-compiler')

const NOT_PAGES = /(^|\/)(app|sitemap|theme|project\..*)\.json$/
// In wxs `x.constructor` is a string such as 'Array', and dates and patterns are made by functions.
const WXS_WORLD = `
globalThis.getDate = (...given) => new Date(...given)
globalThis.getRegExp = (pattern, flags) => new RegExp(pattern, flags)
if (!('__wxsConstructor' in Object.prototype)) {
  Object.defineProperty(Object.prototype, '__wxsConstructor', { get() { return this.constructor.name }, configurable: true })
}
`
const MODULE_ARGUMENTS = 'require, module, exports, App, Page, Component, Behavior, getApp, getCurrentPages, wx, global, globalThis, window, document'

/**
 * root: the folder with app.json.
 * → { code, diagnostics: [{ level: 'error'|'warning', file, line, message }], app, pages }
 */
export async function compile(root) {
  const files = list(root)
  const known = new Set(files)
  const read = (file) => fs.readFileSync(path.join(root, file), 'utf8')
  const diagnostics = []
  const note = (level, file, line, message) => diagnostics.push({ level, file, line, message })
  const app = JSON.parse(read('app.json'))
  const pages = routes(app)
  const configs = configsOf({ files, known, read, app, pages, note })
  const templates = templatesOf({ files, known, read, note })
  const styles = stylesOf({ files, read, pages, configs, note })
  const modules = modulesOf({ files, read, note })
  for (const page of pages) {
    if (!known.has(`${page}.wxml`) || !known.has(`${page}.js`)) note('error', 'app.json', 1, `page ${page} lacks .wxml or .js`)
  }
  const parts = { app, pages, configs, styles, templates: templates.ids }
  const told = Object.entries(parts).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  const code = `${WXS_WORLD}\nglobalThis.HOELUN_BUNDLE = { ${told.join(',\n')},\ngroups: ${templates.code},\nmodules: { ${modules.join(',\n')} } }`
  return { code, diagnostics, app, pages }
}

export function routes(app) {
  const packages = app.subPackages ?? app.subpackages ?? []
  return [...app.pages, ...packages.flatMap((one) => one.pages.map((page) => `${one.root.replace(/\/$/, '')}/${page}`))]
}

export function list(root, folder = '') {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    return entry.isDirectory() ? list(root, name) : [name]
  })
}

const bare = (file) => file.replace(/\.\w+$/, '')

function configsOf({ files, known, read, app, pages, note }) {
  const configs = {}
  const find = (from, wanted) => {
    const absolute = wanted.startsWith('/') ? wanted.slice(1) : path.posix.join(path.posix.dirname(from), wanted)
    if (!known.has(`${absolute}.json`)) note('error', `${from}.json`, 1, `usingComponents: there is no ${wanted}`)
    return absolute
  }
  for (const file of files) {
    const id = bare(file)
    if (!file.endsWith('.json') || NOT_PAGES.test(file) || !known.has(`${id}.wxml`)) continue
    try {
      const config = JSON.parse(read(file))
      const own = Object.entries(config.usingComponents ?? {}).map(([tag, wanted]) => [tag, find(id, wanted)])
      const shared = Object.entries(app.usingComponents ?? {}).map(([tag, wanted]) => [tag, find('app', wanted)])
      const using = [...shared, ...own].filter(([, target]) => target !== id).map(([tag, target]) => [tag, `/${target}`])
      configs[id] = { ...config, usingComponents: Object.fromEntries(using) }
    } catch (error) {
      note('error', file, 1, error.message)
    }
  }
  for (const page of pages) if (!configs[page]) note('error', 'app.json', 1, `page ${page} lacks .json`)
  return configs
}

function templatesOf({ files, known, read, note }) {
  const group = new TmplGroup()
  const ids = []
  const withoutEnding = (source) => source.replace(/require\(\s*(['"])([^'"]+)\.wxs\1\s*\)/g, 'require($1$2$1)')
  for (const file of files) {
    const id = bare(file)
    if (file.endsWith('.wxs')) {
      group.addScript(id, withoutEnding(read(file)).replace(/\.constructor\b/g, '.__wxsConstructor'))
    } else if (file.endsWith('.wxml')) {
      for (const one of group.addTmpl(id, read(file))) note(one.isError ? 'error' : 'warning', file, one.startLine + 1, one.message)
      ids.push(id)
    }
  }
  for (const id of ids) {
    for (const wanted of group.getDirectDependencies(id)) if (!ids.includes(wanted)) note('error', `${id}.wxml`, 1, `there is no template ${wanted}`)
    for (const wanted of group.getScriptDependencies(id)) if (!known.has(`${wanted}.wxs`)) note('error', `${id}.wxml`, 1, `there is no ${wanted}.wxs`)
  }
  return { ids, code: group.getTmplGenObjectGroups() }
}

function stylesOf({ files, read, pages, configs, note }) {
  const styles = {}
  for (const file of files) {
    if (!file.endsWith('.wxss')) continue
    const id = bare(file)
    const kind = id === 'app' ? 'app' : pages.includes(id) ? 'page' : 'component'
    if (kind === 'component' && !configs[id]) continue
    try {
      styles[id] = css(read, file, kind)
    } catch (error) {
      note('error', error.file ?? file, error.line ?? 1, error.reason ?? error.message)
    }
  }
  return styles
}

/** The sources are plain scripts for a phone, and run as they are. */
function modulesOf({ files, read, note }) {
  const modules = []
  for (const file of files) {
    if (!file.endsWith('.js')) continue
    const code = `function (${MODULE_ARGUMENTS}) {\n${read(file)}\n}`
    try {
      new vm.Script(`(${code})`, { filename: file, lineOffset: -1 })
      modules.push(`${JSON.stringify(bare(file))}: ${code}`)
    } catch (error) {
      note('error', file, Number(/:(\d+)/.exec(error.stack)?.[1] ?? 1), error.message)
    }
  }
  return modules
}
