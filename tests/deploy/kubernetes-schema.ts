import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { Service } from 'kubernetes-models/v1/Service'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}

const models: Readonly<Record<string, { readonly prototype: { validate(): void } }>> = {
  'apps/v1 Deployment': Deployment,
  'v1 Service': Service,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
}

/** What is wrong with a manifest by the schemas of Kubernetes: a value of the wrong type, or a field that they do not know. Kubernetes drops the latter without a word. */
export function mistakesIn(manifest: Manifest): string[] {
  const model = models[`${manifest.apiVersion} ${manifest.kind}`]
  if (!model) return [`${manifest.apiVersion} ${manifest.kind} is not known`]
  const looked = new Set<string>()
  const own = Object.assign(Object.create(model.prototype) as object, Object.fromEntries(Object.entries(manifest).map(([key, value]) => [key, observed(value, `/${key}`, looked)])))
  try {
    model.prototype.validate.call(own)
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
  return pathsOf(manifest, '').filter((path) => path.split('/').length > 2 && !looked.has(path)).map((path) => `${path} is not known`)
}

/** The value itself, noting what is read of it: a schema reads the fields that it knows, and no others. */
function observed(value: unknown, path: string, looked: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  return new Proxy(value, {
    get(target, key, receiver): unknown {
      const inner: unknown = Reflect.get(target, key, receiver)
      if (typeof key !== 'string') return inner
      looked.add(`${path}/${key}`)
      return observed(inner, `${path}/${key}`, looked)
    },
  })
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [`${path}/${key}`, ...pathsOf(inner, `${path}/${key}`)])
}
