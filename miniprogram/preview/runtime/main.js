import { boot } from './boot.js'
import { drawPanel } from './panel.js'

// The address says which page to start with: #/pages/home/index
const start = location.hash.slice(2)
globalThis.preview = boot(globalThis.HOELUN_BUNDLE, document.querySelector('#phone'), { ...globalThis.HOELUN_PREVIEW, start })
drawPanel(document.body, globalThis.preview)
