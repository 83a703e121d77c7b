// Photos, and looking at them.
import { ask, make } from './dialogs.js'

export function files({ screen, settings }, api) {
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
    chooseMedia: api('chooseMedia', async ({ count = 9 }) => {
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
