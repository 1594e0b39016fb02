import type { LayerCall, Slot } from '../plan/modelPlan.ts'
import { configOf } from './layerConfig.ts'
import type { Lowering, UnloweredCall } from './lowering.ts'

/** Where a tensor's mask comes from. */
export interface MaskOrigin {
  /** The layer call that made it; undefined where it is a mask that no lowering here makes. */
  readonly maker: LayerCall | undefined
  /** Of the (nested) model that it was made in: tfjs hands no mask over the border of a nested model. */
  readonly path: string
}

/**
 * Follows the masks of a model as tfjs (4.22) does: a layer is handed its first input's mask, but once there was any mask, also a layer whose inputs have
 * none, which then gets the last one that was handed out.
 */
export class MaskFlow {
  private readonly masks = new Map<Slot, MaskOrigin>()
  private lastHandedOut = false

  /**
   * Follows one call; calls come in the order in which tfjs runs them.
   *
   * @param lowering of the call's layer; undefined for a Bayesian layer, or where there is none
   * @returns the mask for a layer that takes one, and why it cannot be written
   */
  follow(call: LayerCall, lowering: Lowering | undefined, unlowered: UnloweredCall): { mask?: LayerCall; reason?: string } {
    const { inputs, outputs } = call
    const anyMasked = inputs.some((slot) => this.masks.has(slot))
    const own = this.masks.get(inputs[0]!)
    const stale = !anyMasked && this.lastHandedOut
    if (anyMasked) this.lastHandedOut = own != null
    const { path } = call
    const made = this.made(call, lowering, unlowered, anyMasked, path)
    if (made != null) this.masks.set(outputs[0]!, made)
    if (lowering?.masked == null || !(anyMasked || stale)) return {}
    if (stale) {
      return {
        reason:
          'tfjs hands it the mask of another layer, though its own input has none: feed masked and unmasked sequences through models of their own',
      }
    }
    if (own == null) return {}
    if (lowering.masked === 'refuses')
      return { reason: 'its input is masked (by Masking, or an Embedding with maskZero), and masks have no counterpart here' }
    if (own.maker == null)
      return { reason: 'its input is masked by what a merging layer made of several masks, which has no counterpart here' }
    if (own.path !== path) return { reason: 'its input is masked from outside of the nested model that it stands in' }
    return { mask: own.maker }
  }

  private made(
    call: LayerCall,
    lowering: Lowering | undefined,
    unlowered: UnloweredCall,
    anyMasked: boolean,
    path: string,
  ): MaskOrigin | undefined {
    if (lowering?.makesMask?.(configOf(call)) === true) return { maker: call, path }
    if (!anyMasked) return undefined
    const passes = lowering?.passesMask?.(unlowered) ?? call.layer.supportsMasking
    if (passes === 'unknown') return { maker: undefined, path }
    return passes ? this.masks.get(call.inputs[0]!) : undefined
  }
}
