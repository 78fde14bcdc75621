// One of two processes that work on the same agenda: each job is run by one of them, once.
import { MongoBackend } from '@agendajs/mongo-backend'
import { Agenda } from 'agenda'

const agenda = new Agenda({ backend: new MongoBackend({ address: process.argv[2], collection: 'jobs' }), processEvery: 100 })
agenda.define('work', async (job) => process.send({ ran: job.attrs.data.n }))
await agenda.start()
process.send('ready')
process.on('message', async (message) => {
  if (message === 'stop') {
    await agenda.stop()
    process.exit(0)
  }
  for (let n = 0; n < message.schedule; n++) await agenda.schedule(new Date(), 'work', { n })
})
