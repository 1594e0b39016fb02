export type { LabelledData } from './data/labelledData.ts'
export type { GradientVarianceOptions, LayerGradientVariance } from './diagnostics/gradientVariance.ts'
export { gradientVariance } from './diagnostics/gradientVariance.ts'
export type { NegativeElboTerms } from './elbo/negativeElbo.ts'
export { negativeElbo } from './elbo/negativeElbo.ts'
export {
  DivergedLossError,
  InvalidOptionError,
  InvalidProbabilityError,
  InvalidTargetError,
  NonFiniteDataError,
  NonFiniteOutputError,
  ShapeMismatchError,
  TrainingError,
  UndefinedMetricError,
  UnsupportedModelError,
} from './errors.ts'
export type { ElboEvaluation, EvaluateElboOptions } from './evaluate/evaluateElbo.ts'
export { evaluateElbo } from './evaluate/evaluateElbo.ts'
export { fit } from './fit/fit.ts'
export type { FitOptions, TrainingData } from './fit/fitOptions.ts'
export type { EpochRecord, Execution, History, ValidationRecord } from './fit/history.ts'
export type { TrainingStep, TrainingStepOptions, TrainingStepResult } from './fit/trainingStep.ts'
export { trainingStep } from './fit/trainingStep.ts'
export { categorical } from './likelihoods/categorical.ts'
export { gaussian } from './likelihoods/gaussian.ts'
export type { Likelihood } from './likelihoods/likelihood.ts'
export { aupr } from './metrics/aupr.ts'
export { auroc } from './metrics/auroc.ts'
export { brierScore } from './metrics/brierScore.ts'
export type { GaussianMixtureForecast } from './metrics/crps.ts'
export { crps } from './metrics/crps.ts'
export { errorRate } from './metrics/errorRate.ts'
export type { Calibration, CalibrationOptions, ReliabilityBin } from './metrics/expectedCalibrationError.ts'
export { expectedCalibrationError } from './metrics/expectedCalibrationError.ts'
export type { IntervalCoverage } from './metrics/intervalCoverage.ts'
export { intervalCoverage } from './metrics/intervalCoverage.ts'
export { nll, nllOfLogProbabilities } from './metrics/nll.ts'
export type { Numbers } from './metrics/numberList.ts'
export { predictiveEntropy } from './metrics/predictiveEntropy.ts'
export type { Labels, Probabilities } from './metrics/probabilityRows.ts'
export type { RiskCoverage } from './metrics/riskCoverage.ts'
export { riskCoverage } from './metrics/riskCoverage.ts'
export { rmse } from './metrics/rmse.ts'
export type { Uncertainty } from './metrics/uncertainty.ts'
export { uncertainty } from './metrics/uncertainty.ts'
export type { Predictive, PredictiveOptions, PredictiveProgress } from './predict/predictive.ts'
export { predictive } from './predict/predictive.ts'
export type { ProgressReporter, TrainingProgress } from './progress/progressReporter.ts'
export { silentProgress } from './progress/silentProgress.ts'
export type { TextStream } from './progress/terminalProgress.ts'
export { terminalProgress } from './progress/terminalProgress.ts'
export type { BetaSchedule } from './schedules/betaSchedule.ts'
export { blundellBeta } from './schedules/blundellBeta.ts'
export { coldPosterior } from './schedules/coldPosterior.ts'
export { constantBeta } from './schedules/constantBeta.ts'
export { cyclicalBeta } from './schedules/cyclicalBeta.ts'
export type { TrainingPosition } from './schedules/trainingPosition.ts'
export { warmUpBeta } from './schedules/warmUpBeta.ts'
