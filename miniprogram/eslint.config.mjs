import wxmlParser from '@wxml/parser'
import wxml from 'eslint-plugin-wxml'

const WECHAT = Object.fromEntries(
  ['wx', 'App', 'Page', 'Component', 'Behavior', 'getApp', 'getCurrentPages', 'require', 'module', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'console'].map((name) => [name, 'readonly']),
)
const LATER = Object.fromEntries(
  ['globalThis', 'process', 'document', 'location', 'localStorage', 'sessionStorage', 'navigator', 'fetch', 'WebSocket', 'URL', 'URLSearchParams', 'AbortController', 'FormData', 'Blob', 'Option', 'getComputedStyle', 'MutationObserver', 'CSS', 'requestAnimationFrame', 'addEventListener', 'devicePixelRatio', 'innerWidth', 'performance', 'window', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'console', 'preview', 'crypto', 'Event', 'structuredClone', 'queueMicrotask', 'setImmediate'].map((name) => [name, 'readonly']),
)
const RULES = { 'no-undef': 'error', 'no-unused-vars': ['error', { caughtErrors: 'none' }], 'prefer-const': 'error', eqeqeq: 'error', 'no-var': 'error' }
const OF_WXML = /report-|no-duplicate|no-inconsistent|wx-key$|with-wx-if/
// `*this` is WeChat's own way to say that an item is its own key.
const NOT_MINE = 'no-dot-this-in-wx-key'

export default [
  { files: ['app/**/*.js'], languageOptions: { sourceType: 'commonjs', ecmaVersion: 2020, globals: WECHAT }, rules: RULES },
  { files: ['preview/**/*.{js,mjs}', 'tools/*.mjs', 'tests/**/*.mjs'], languageOptions: { sourceType: 'module', ecmaVersion: 2024, globals: LATER }, rules: RULES },
  {
    files: ['app/**/*.wxml'],
    plugins: { wxml },
    languageOptions: { parser: wxmlParser },
    rules: Object.fromEntries(Object.keys(wxml.rules).filter((name) => OF_WXML.test(name) && name !== NOT_MINE).map((name) => [`wxml/${name}`, 'error'])),
  },
]
