/* oxlint-disable max-lines -- a table, alone in its file */
/** One situation of the original's tests: `$` is tainted in the refused form and a constant in the accepted one. */
export interface Situation {
  /** The original's tests, accepted form first. */
  readonly originals: readonly string[]
  readonly code: string
  /** Messages of the refused form: the quoted name alone. */
  readonly refused: readonly string[]
}

const one = ['secureIn']

/** The original's 100 tests, pair by pair; the order and the names are the original's. */
export const situations: readonly Situation[] = [
  {
    originals: ['testSensitive', 'testSensitiveNegative'],
    code: 'secureFunction($, $); secureFunction($, "static")',
    refused: ['secureIn', 'secureIn'],
  },
  {
    originals: ['testSensitiveDefaultArgs', 'testSensitiveDefaultArgsNegative'],
    code: 'const f = (n: string, /** @sensitive */ secureIn = "static"): void => {}; f("a", $)',
    refused: one,
  },
  {
    originals: ['testSensitiveRestArgs', 'testSensitiveRestArgsNegative'],
    code: 'const f = (n: string, /** @sensitive */ ...secureIn: string[]): void => {}; f("a", "b", $)',
    refused: one,
  },
  {
    originals: [
      'testSensitiveRestParamsWithVaryingInvocationArgs',
      'testSensitiveRestParamsWithVaryingInvocationArgsNegative',
    ],
    code: 'const f = (n: string, /** @sensitive */ ...restParams: string[]): void => {}; f("a", "b", $, "c")',
    refused: ['restParams'],
  },
  {
    originals: [
      'testSensitiveDefaultParamsWithUnorderedArgs',
      'testSensitiveDefaultParamsWithUnorderedArgsNegative',
    ],
    code:
      'const f = (a: string, b = "b", /** @sensitive */ defaultableInput2 = "c"): void => {}; ' +
      'f("x", undefined, $)',
    refused: ['defaultableInput2'],
  },
  { originals: ['testTainted'], code: 'secureFunction(taintedReturn(), "x")', refused: one },
  { originals: ['testUntainted'], code: 'secureFunction(untaintedReturn($), "x")', refused: [] },
  {
    originals: ['testRecursion', 'testRecursiveFunctionCallingSensitiveFunctionNegative'],
    code: 'function f(inputData: string): void { secureFunction(inputData, "x"); f(inputData) } f($)',
    refused: ['inputData'],
  },
  {
    originals: ['testRecursionWithinAttachedExternalFunctions'],
    code:
      'class A { m(v: string): string { return this.m(v) } } secureFunction(new A().m("s"), $ ' +
      '=== "" ? "a" : "b")',
    refused: [],
  },
  {
    originals: [
      'testCyclicCall',
      'testRecursiveFunctionAlteringSensitiveStatusCallingSensitiveFunction1Negative',
    ],
    code:
      'function f(n: number, v: string): void { secureFunction(v, "x"); g(n) } function g(n: ' +
      'number): void { f(n, $) } g(1)',
    refused: one,
  },
  {
    originals: ['testRecursiveFunctionCallingSensitiveFunction'],
    code: 'function f(v: string): void { if (v === "") f(v); secureFunction("static", v) } f($)',
    refused: [],
  },
  {
    originals: ['testRecursiveFunctionAlteringSensitiveStatusCallingSensitiveFunction2Negative'],
    code:
      'function g(n: number): string { return n > 0 ? f(n) : $ } function f(n: number): string { ' +
      'return g(n - 1) } secureFunction(f(1), "x")',
    refused: one,
  },
  {
    originals: ['testMultipleRecursionsNegative'],
    code:
      'function a(n: number): string { return n > 1 ? b(n) : c(n) } function b(n: number): ' +
      'string { return a(n) } function c(n: number): string { return n > 2 ? a(n) : $ } secureFunction(a(1), "x")',
    refused: one,
  },
  {
    originals: ['testReturn', 'testReturnNegative'],
    code: 'const f = (): string => $; secureFunction(f(), "x")',
    refused: one,
  },
  {
    originals: ['testVariable', 'testVariableNegative'],
    code: 'let v = "a"; v = $; const w = v; secureFunction(w, "x")',
    refused: one,
  },
  {
    originals: ['testReceiver', 'testReceiverNegative'],
    code: 'const v = $; secureFunction(v.trim(), "x")',
    refused: one,
  },
  {
    originals: ['testRecord', 'testRecordNegative'],
    code: 'const r = { a: $, b: "x" }; secureFunction(r.a, r.b)',
    refused: one,
  },
  {
    originals: ['testArray', 'testArrayNegative'],
    code: 'const r = [$]; secureFunction(r[0], "x")',
    refused: one,
  },
  {
    originals: ['testJson', 'testJsonNegative'],
    code:
      'const r: Record<string, { inner?: string }> = { a: {} }; r["a"] = { inner: $ }; ' +
      'secureFunction(r["a"].inner, "x")',
    refused: one,
  },
  {
    originals: ['testMap', 'testMapNegative'],
    code: 'const m = new Map<string, string>(); m.set("a", $); secureFunction(m.get("a"), "x")',
    refused: one,
  },
  {
    originals: ['testXML', 'testXMLNegative'],
    code: 'const x = `<a b="${$}"/>`; secureFunction(x, "x")',
    refused: one,
  },
  {
    originals: ['testBasicWorker', 'testBasicWorkerNegative'],
    code: 'const worker = async (): Promise<void> => secureFunction($, "x"); void worker()',
    refused: one,
  },
  {
    originals: ['testIfCondition', 'testIfConditionNegative'],
    code: 'let v = "a"; if (maybe()) v = $; else v = "b"; secureFunction(v, "x")',
    refused: one,
  },
  {
    originals: ['testTernaryExpr', 'testTernaryExprNegative'],
    code: 'secureFunction(maybe() ? $ : "b", "x")',
    refused: one,
  },
  {
    originals: ['testLambda'],
    code: 'const f = (v: string): string => v; secureFunction(f, $ === "" ? "a" : "b")',
    refused: [],
  },
  {
    originals: ['testTupleReturn', 'testTupleReturnNegative'],
    code:
      'const f = (): [string, string] => ["a", $]; const [a, b] = f(); secureFunction(a, "x"); ' +
      'secureFunction(b, "x")',
    refused: one,
  },
  {
    originals: ['testStringTemplate', 'testStringTemplateNegative'],
    code: 'secureFunction(`hello ${$}`, "x")',
    refused: one,
  },
  {
    originals: ['testIterable', 'testIterableNegative'],
    code: 'for (const v of [$].map((i) => i.trim())) secureFunction(v, "x")',
    refused: one,
  },
  {
    originals: ['testIterableWitinIterable', 'testIterableWitinIterableNegative'],
    code: '[[$]].forEach((list) => list.forEach((v) => { globalVar = v }))',
    refused: ['globalVar'],
  },
  {
    originals: ['testForEach', 'testForEachNegative'],
    code: 'for (const v of ["a", $]) secureFunction(v, "x")',
    refused: one,
  },
  {
    originals: ['testMultipleInvocationLevels', 'testMultipleInvocationLevelsNegative'],
    code:
      'const b = (anotherInput: string): void => secureFunction(anotherInput, "x"); const a = ' +
      '(normalInput: string): void => b(normalInput); a($)',
    refused: ['normalInput'],
  },
  {
    originals: ['testCast', 'testCastNegative'],
    code: 'const v: unknown = $; secureFunction(v as string, "x")',
    refused: one,
  },
  {
    originals: ['testChainedInvocations', 'testChainedInvocationsNegative'],
    code: 'const id = (v: string): string => v; secureFunction(id(id($)), "x")',
    refused: one,
  },
  {
    originals: ['testWithoutUserDataNegative'],
    code: 'const f = (): void => secureFunction(taintedReturn(), "x"); f()',
    refused: one,
  },
  {
    originals: ['testGlobalVariables', 'testGlobalVariablesNegative'],
    code: 'globalVar = $',
    refused: ['globalVar'],
  },
  {
    originals: ['testServiceVariables', 'testServiceVariablesNegative'],
    code: 'serviceVar = $; globalVar = $',
    refused: ['globalVar', 'serviceVar'],
  },
  {
    originals: ['testHttpService'],
    code:
      'createServer((request) => { secureFunction(request.url, "x"); ' +
      'secureFunction(request.headers["a"], "x") })',
    refused: ['secureIn', 'secureIn'],
  },
  {
    originals: ['testCompoundAssignment', 'testCompoundAssignmentNegative'],
    code: 'let v = "s"; v += $; secureFunction(v, "x"); let w = $; w += "s"; secureFunction(w, "x")',
    refused: ['secureIn', 'secureIn'],
  },
  {
    originals: ['testMatch', 'testMatchNegative'],
    code: 'const v: unknown = $; switch (typeof v) { case "string": secureFunction(v, "x"); break; default: break }',
    refused: one,
  },
  {
    originals: ['testObjectFunction', 'testObjectFunctionNegative'],
    code:
      'class P { name = ""; set(v: string): void { this.name = v } get(): string { return ' +
      'this.name } } const p = new P(); p.set($); secureFunction(p.get(), "x")',
    refused: one,
  },
  {
    originals: ['testObjectExternalFunction', 'testObjectExternalFunctionNegative'],
    code:
      'class P { name = "" } const read = (p: P): string => p.name; const p = new P(); p.name = ' +
      '$; secureFunction(read(p), "x")',
    refused: one,
  },
  {
    originals: ['testObjectFunctionWithConstructor', 'testObjectFunctionWithConstructorNegative'],
    code:
      'class P { readonly name: string; constructor(v: string) { this.name = v } get(): string { ' +
      'return this.name } } secureFunction(new P($).get(), "x")',
    refused: one,
  },
  {
    originals: ['testSimpleWorkerInteraction'],
    code:
      'const send = async (): Promise<string> => "static"; void send().then((v) => ' +
      'secureFunction(v, $ === "" ? "a" : "b"))',
    refused: [],
  },
  {
    originals: ['testInOutParameters', 'testInOutParametersNegative'],
    code:
      'const fill = (r: { a: string }, v: string): void => { r.a = v }; const r = { a: "" }; ' +
      'fill(r, $); secureFunction(r.a, "x")',
    refused: one,
  },
  {
    originals: [
      'testParameterStatusWithNativeInvocations',
      'testParameterStatusWithNativeInvocationsNegative',
    ],
    code: 'const r: { q?: string } = {}; Object.assign(r, { q: $ }); select(r.q)',
    refused: ['sqlQuery'],
  },
  {
    originals: ['testError', 'testErrorNegative'],
    code: 'try { throw new Error($) } catch (e) { secureFunction((e as Error).message, "x") }',
    refused: one,
  },
  { originals: ['testCall', 'testCallNegative'], code: 'secureFunction.call(undefined, $, $)', refused: one },
  { originals: ['testUntaint'], code: 'secureFunction(untaint($), "x")', refused: [] },
  {
    originals: ['testUntaintVariable'],
    code: 'const v = $; secureFunction(untaint(v), "x"); secureFunction(v, "x")',
    refused: one,
  },
  { originals: ['testUntaintWithAddOperator'], code: 'secureFunction(untaint("a" + $), "x")', refused: [] },
  {
    originals: ['untaintWithAddOperatorWithVariable'],
    code: 'const v = $; const w = untaint("a" + v); secureFunction(w, "x")',
    refused: [],
  },
  {
    originals: ['untaintWithFunctionParam'],
    code: 'const f = (v: string): void => secureFunction(v, "x"); f(untaint($))',
    refused: [],
  },
  {
    originals: ['untaintWithFunctionReturn'],
    code: 'const f = (): string => untaint($); secureFunction(f(), "x")',
    refused: [],
  },
  { originals: ['untaintWithReceiver'], code: 'secureFunction(untaint($).trim(), "x")', refused: [] },
  { originals: ['untaintWithLengthOf'], code: 'secureFunction(String($.length), "x")', refused: [] },
  {
    originals: ['testHttpClient', 'testHttpClientNegative'],
    code: 'void fetch("http://host/a" === $ ? "http://a/" : $)',
    refused: ['input'],
  },
  {
    originals: ['testCharacterIO', 'testCharacterIONegative'],
    code: 'readFileSync($, "utf8")',
    refused: ['path'],
  },
  {
    originals: ['testSelectWithUntaintedQuery', 'testSelectWithTaintedQueryNegative'],
    code: 'select("SELECT name FROM s WHERE id = " + $)',
    refused: ['sqlQuery'],
  },
  {
    originals: ['testSelectWithUntaintedQueryProducingTaintedReturn'],
    code: 'const rows = select("SELECT name FROM s"); secureFunction("static", rows)',
    refused: [],
  },
  {
    originals: ['testSelectWithUntaintedQueryProducingTaintedReturnNegative'],
    code: 'const rows = select("SELECT name FROM s"); secureFunction(rows, "x")',
    refused: one,
  },
]
