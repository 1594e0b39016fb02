/** Polynomial approximations, constant first; written by fixtures/approximations.py, where each is defined. */

/** (a + 3) * Mills ratio of the standard normal at a >= 0, in s = (a - 3) / (a + 3); relative error 5e-8. */
export const MILLS: readonly number[] = [
  1.82754180515, -1.27670636235, 0.5765679717, -0.118462495532, -0.026215102255, 0.0174308703618, 0.00252479516566,
  -0.00251406648675, -0.000537113924042, 0.000280884634504, 8.88615722273e-5,
]

/** Erf(z / sqrt 2) / z for |z| <= 1.25, in 2 (z / 1.25)^2 - 1; relative error 1e-8. */
export const ERF: readonly number[] = [
  0.705116573351, -0.0826204348415, 0.00924296708232, -0.000837690566884, 6.29142505555e-5, -3.97376361593e-6,
]

/** Normal quantile of 1/2 + q, over q, for |q| <= 0.4, in 2 (q / 0.4)^2 - 1; relative error 5e-8. */
export const QUANTILE_CENTRAL: readonly number[] = [
  2.76418594226, 0.319254366211, 0.0806063910291, 0.0254172995079, 0.00890926253131, 0.00335741788199, 0.00131263917163,
  0.000446512997796, 0.000172505787284, 0.000149691927585, 6.68463846502e-5,
]

/** Normal quantile of 1 - p, over r = sqrt(-log p), for p <= 0.1, in s = (r - 2) / (r + 2) moved to -1..1; relative error 5e-8. */
export const QUANTILE_TAIL: readonly number[] = [
  1.25648832802, 0.218936979278, -0.122667753992, 0.045928605362, -0.0162632582604, 0.00545513959153, -0.0018187828904,
  0.000567615602366, -0.000183822164763, 8.30809859771e-5, -2.76887105308e-5,
]

/** 12 k (log k! - Stirling's formula) for k >= 1, in 2 / k^2 - 1; absolute error of the logarithm 2e-8. */
export const STIRLING_ERROR: readonly number[] = [
  0.985149021892, -0.0134168496263, 0.00116171019936, -0.0001947232769, 5.78053703851e-5, -1.95645701713e-5,
]

/** The range of s in QUANTILE_TAIL. */
export const QUANTILE_TAIL_RANGE: readonly [number, number] = [-0.137194845227, 0.652173913043]
