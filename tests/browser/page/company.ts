import { randomId } from '@ddp-cluster/ddp-common'
import { MongoClient } from 'mongodb'
import { addUser, type LoginHeaders, seedDemoUser } from '../../../examples/cluster/demo-user.js'
import { type InstanceProcess, startInstance } from '../../../examples/cluster/instance-process.js'
import { openMongo } from '../../../examples/cluster/mongo.js'
import type { Login } from './operator.js'

/** The processes of the example on a MongoDB, with somebody who may look at them and somebody who may not. */
export interface Company {
  readonly instances: InstanceProcess[]
  readonly admin: Login
  readonly guest: Login
  /** Starts another. */
  join(): Promise<InstanceProcess>
  close(): Promise<void>
}

const leavePatienceMs = 3000

export async function openCompany(count: number): Promise<Company> {
  const mongo = await openMongo(process.env['MONGO_URL'])
  const client = await new MongoClient(mongo.url).connect()
  const db = client.db(`ddp_cluster_page_${randomId(8)}`)
  const instances: InstanceProcess[] = []
  const join = async (): Promise<InstanceProcess> => {
    const instance = await startInstance(mongo.url, db.databaseName, AbortSignal.timeout(30_000))
    instances.push(instance)
    return instance
  }
  const admin = loginOf(await seedDemoUser(db))
  const guest = loginOf(await addUser(db, 'guest', ['guest']))
  await Promise.all(Array.from({ length: count }, join))
  return {
    instances,
    admin,
    guest,
    join,
    async close() {
      await Promise.all(instances.map((instance) => instance.stop(leavePatienceMs)))
      await db.dropDatabase()
      await client.close()
      await mongo.close()
    },
  }
}

const loginOf = (headers: LoginHeaders): Login => ({ userId: headers['X-User-Id'], authToken: headers['X-Auth-Token'] })
