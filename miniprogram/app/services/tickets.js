const request = require('./request')

/** The answer to a move is the case; what a move asks for, `actions` of the case says. */
const KIND = 'ticket'

/** Ask the agent for tickets. → CaseView @param {Record<string, any>} wanted */
const order = (wanted) => request.write('/v1/tickets', wanted)

module.exports = { KIND, order }
