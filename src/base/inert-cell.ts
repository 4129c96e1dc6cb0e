const FORMULA = /^\s*[=+\-@\t\r\n＝＋－＠]/

/** A cell of a CSV file that no spreadsheet takes for a formula: an apostrophe before it says that it is text. OWASP: CSV Injection */
export const inertCell = (text: string): string => (FORMULA.test(text) ? `'${text}` : text)
