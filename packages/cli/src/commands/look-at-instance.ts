import type { Looking } from './report.js'
import type { StatusReport } from './status.js'
import type { MatrixReport } from './matrix.js'
import { CliError } from '../errors.js'
import type { InstancePlace } from '../places.js'
import { getJson } from '../instance/get-json.js'
import { rowsOf } from '../instance/instances-get.js'
import { type Matrix, matrixOf } from '../instance/matrix.js'

const nothingToClose = (): Promise<void> => Promise.resolve()

/** The instance that is asked, and the links that it dialled. */
export function instanceStatus(place: InstancePlace): Looking<StatusReport> {
  const look = async (): Promise<StatusReport> => {
    const instances = rowsOf((await getJson(place, '/api/v1/instances.get')).body)
    if (!instances) throw strange(place, 'instances.get')
    const lost = instances.some(({ status }) => status === 'self') ? [] : ['the instance that answers has no record at the moment: it lost it, and is to write it again']
    return { source: `the instance at ${place.url}`, well: instances.every(({ well }) => well) && lost.length === 0, instances, remarks: lost }
  }
  return { look, close: nothingToClose }
}

/** Views of all instances, as the asked one gathers them. */
export function instanceMatrix(place: InstancePlace): Looking<MatrixReport> {
  const look = async (): Promise<MatrixReport> => ({ source: `the instance at ${place.url}`, ...(await readMatrix(place)) })
  return { look, close: nothingToClose }
}

/** Rejects with a `CliError`. */
export async function readMatrix(place: InstancePlace): Promise<Matrix> {
  const matrix = matrixOf((await getJson(place, '/api/v1/instances.matrix')).body)
  if (!matrix) throw strange(place, 'instances.matrix')
  return matrix
}

const strange = (place: InstancePlace, what: string): CliError => new CliError('not-an-instance', `what ${place.url} answers is no ${what}`, 'is another program mounted there?')
