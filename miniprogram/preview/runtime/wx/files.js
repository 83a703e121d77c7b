// Photos, and looking at them; files that the mini-program writes and papers that it opens, which leave it as a download.
import { ask, make } from './dialogs.js'

const USER_DATA_PATH = 'http://usr'

export function files({ screen, settings, privacy }, api) {
  const written = new Map()
  const own = (filePath) => {
    if (!filePath.startsWith(`${USER_DATA_PATH}/`)) throw new Error(`permission denied, open "${filePath}"`)
  }
  const system = {
    writeFile: api('writeFile', ({ filePath, data }) => {
      own(filePath)
      written.set(filePath, data)
    }),
    unlink: api('unlink', ({ filePath }) => {
      own(filePath)
      if (!written.delete(filePath)) throw new Error(`no such file or directory "${filePath}"`)
    }),
  }
  const chosen = (count) => new Promise((resolve, reject) => {
    const input = Object.assign(document.createElement('input'), { type: 'file', accept: 'image/*', multiple: count > 1 })
    input.className = 'file-box'
    input.addEventListener('change', () => {
      resolve([...input.files].slice(0, count))
      input.remove()
    })
    input.addEventListener('cancel', () => {
      reject(new Error('cancel'))
      input.remove()
    })
    screen().layer.append(input)
    input.click()
  })
  return {
    env: { USER_DATA_PATH },
    getFileSystemManager: () => system,
    shareFileMessage: api('shareFileMessage', ({ filePath, fileName }) => {
      if (navigator.userActivation && !navigator.userActivation.isActive) throw new Error('can only be invoked by user TAP gesture.')
      if (!written.has(filePath)) throw new Error(`no such file or directory "${filePath}"`)
      download(new Blob([written.get(filePath)], { type: 'application/json' }), fileName)
    }),
    openDocument: api('openDocument', async ({ filePath, fileType }) => {
      download(await (await fetch(filePath)).blob(), `document.${fileType}`)
    }),
    chooseMedia: api('chooseMedia', async ({ count = 9 }) => {
      await privacy('chooseMedia')
      const tempFiles = (await chosen(count)).map((file) => ({
        tempFilePath: URL.createObjectURL(file), size: file.size, fileType: 'image',
      }))
      return { type: 'image', tempFiles }
    }),
    compressImage: api('compressImage', ({ src }) => ({ tempFilePath: src })),
    previewImage: api('previewImage', ({ current, urls }) => {
      ask(screen().layer, 'picture', (veil, choose) => {
        veil.append(Object.assign(make('img'), { src: settings.address(current ?? urls[0]), alt: '' }))
        veil.addEventListener('click', choose)
      })
    }),
  }
}

/** Where a phone would ask into which chat it goes, or open its viewer. */
function download(blob, name) {
  const href = URL.createObjectURL(blob)
  Object.assign(make('a'), { href, download: name }).click()
  URL.revokeObjectURL(href)
}
