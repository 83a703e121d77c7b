/** A state in words; its tone comes from the server with it. */
Component({ properties: { text: String, tone: String } })
