import type { Constraint } from '../constraint.ts'
import { Distribution } from '../distribution.ts'
import { broadcastShape, checkParameter, checkValues, type Parameter, parameterShape } from '../parameter.ts'

/** What the families of this package have in common: named, constrained, broadcasting parameters. */
export abstract class ParametricDistribution<Family extends string, Name extends string> extends Distribution {
  readonly family: Family
  readonly parameters: Readonly<Record<Name, Parameter>>
  readonly batchShape: readonly number[]
  override readonly constraints: Readonly<Record<Name, Constraint>>

  /**
   * @param family name of the family
   * @param constraints where each parameter must lie; names the parameters
   * @param parameters numbers, which are checked, or tensors, which are not read
   */
  protected constructor(
    family: Family,
    constraints: Readonly<Record<Name, Constraint>>,
    parameters: Readonly<Record<Name, Parameter>>,
  ) {
    super()
    const names = Object.keys(constraints) as Name[]
    for (const name of names) checkParameter(family, name, parameters?.[name], constraints[name])
    this.family = family
    this.constraints = constraints
    this.parameters = Object.fromEntries(names.map((name) => [name, parameters[name]])) as Record<Name, Parameter>
    this.batchShape = broadcastShape(family, Object.fromEntries(names.map((name) => [name, parameterShape(parameters[name])])))
  }

  override validate(): this {
    for (const [name, parameter] of Object.entries<Parameter>(this.parameters)) {
      checkValues(this.family, name, parameter, this.constraints[name as Name])
    }
    return this
  }
}
