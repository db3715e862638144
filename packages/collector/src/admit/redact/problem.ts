/** A rule cannot be used: the message is a sentence that says what was expected, for the author of the rule. */
export class RuleProblem extends Error {
  override readonly name = 'RuleProblem';
}
