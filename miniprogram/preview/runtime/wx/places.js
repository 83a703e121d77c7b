// A point on WeChat's map: one that the panel's settings name stands for what somebody would pick there.
import { ask, choice, make } from './dialogs.js'

export function places({ screen, settings, bundle, privacy }, api) {
  const declared = (name) => {
    if (!(bundle.app.requiredPrivateInfos ?? []).includes(name)) throw new Error(`the api need to be declared in the requiredPrivateInfos field in app.json`)
  }
  return {
    chooseLocation: api('chooseLocation', async () => {
      declared('chooseLocation')
      await privacy('chooseLocation')
      const found = settings.location
      const yes = await ask(screen().layer, 'low', (veil, choose) => {
        const sheet = veil.appendChild(make('div', 'sheet'))
        sheet.append(choice(found.name, () => choose(true)), choice('取消', () => choose(false), 'no'))
      })
      if (!yes) throw new Error('cancel')
      return { ...found }
    }),
  }
}
