// Toasts, modals and sheets, drawn into the layer above the pages.

const TOAST_MS = 1500

export function make(tag, className, text = '') {
  return Object.assign(document.createElement(tag), { className, textContent: text })
}

/** A veil with a box; resolves with what `choose` is called with. */
export function ask(layer, className, fill) {
  return new Promise((resolve) => {
    const veil = make('div', `veil ${className}`)
    veil.setAttribute('role', 'dialog')
    const choose = (answer) => {
      veil.remove()
      resolve(answer)
    }
    fill(veil, choose)
    layer.append(veil)
  })
}

export function choice(text, onClick, className = '') {
  const button = make('button', className, text)
  button.type = 'button'
  button.addEventListener('click', onClick)
  return button
}

export function dialogs({ screen }, api) {
  let toast
  let timer
  const clear = () => {
    clearTimeout(timer)
    toast?.remove()
  }
  const show = (given, loading) => {
    clear()
    toast = make('div', loading ? 'toast loading' : 'toast', given.title)
    toast.setAttribute('role', 'status')
    screen().layer.append(toast)
    if (!loading) timer = setTimeout(clear, given.duration ?? TOAST_MS)
  }
  return {
    showToast: api('showToast', (given) => show(given, false)),
    showLoading: api('showLoading', (given) => show(given, true)),
    hideToast: api('hideToast', clear),
    hideLoading: api('hideLoading', clear),
    showModal: api('showModal', (given) => ask(screen().layer, '', (veil, choose) => {
      const box = veil.appendChild(make('div', 'modal'))
      box.append(make('h3', '', given.title ?? ''))
      const text = given.editable ? Object.assign(make('textarea'), { placeholder: given.placeholderText ?? '', value: given.content ?? '' }) : make('p', '', given.content ?? '')
      const buttons = make('div', 'modal-buttons')
      const answer = (confirm) => () => choose({ confirm, cancel: !confirm, content: given.editable ? text.value : null })
      if (given.showCancel !== false) buttons.append(choice(given.cancelText ?? '取消', answer(false)))
      buttons.append(choice(given.confirmText ?? '确定', answer(true), 'yes'))
      box.append(text, buttons)
    })),
    showActionSheet: api('showActionSheet', async ({ itemList }) => {
      const tapIndex = await ask(screen().layer, 'low', (veil, choose) => {
        const sheet = veil.appendChild(make('div', 'sheet'))
        itemList.forEach((text, index) => sheet.append(choice(text, () => choose(index))))
        sheet.append(choice('取消', () => choose(-1), 'no'))
      })
      if (tapIndex < 0) throw new Error('cancel')
      return { tapIndex }
    }),
  }
}
