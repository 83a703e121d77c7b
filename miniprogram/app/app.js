const look = require('./services/look')

App({
  onLaunch() {
    look.start()
  },
})
