// The preview as two scripts and a page. The runtime is bundled once, the mini-program whenever it is asked for.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import { compile } from './compile/index.mjs'

const HERE = path.dirname(fileURLToPath(import.meta.url))
export const APP = path.join(HERE, '..', 'app')

/** The framework and our runtime as one script; `entry` is a file in runtime/. esbuild's own process ends with it. */
export async function runtime(entry = 'main.js') {
  const built = await esbuild.build({
    entryPoints: [path.join(HERE, 'runtime', entry)], bundle: true, write: false, format: 'iife', logLevel: 'error',
    globalName: 'hoelunPreview', define: { 'process.env.NODE_ENV': '"production"' },
  })
  await esbuild.stop()
  return built.outputFiles[0].text
}

/** The mini-program as one script. Throws an Error that lists what does not compile. */
export async function program() {
  const { code, diagnostics } = await compile(APP)
  if (diagnostics.length) throw new Error(diagnostics.map((one) => `${one.level}: ${one.file}:${one.line} ${one.message}`).join('\n'))
  return code
}

/** options: { origins, sandbox, assets }, as the runtime's settings want them. */
export function page(options) {
  const css = fs.readFileSync(path.join(HERE, 'runtime', 'frame.css'), 'utf8')
  return `<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>诃额伦 · 手机预览</title><link rel="icon" href="data:,">
<style>${css}</style>
<div id="phone"></div>
<script>globalThis.HOELUN_PREVIEW = ${JSON.stringify(options)}</script>
<script src="program.js"></script>
<script src="runtime.js"></script>
</html>`
}
