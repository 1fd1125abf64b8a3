/** A name made to do harm: markup, a turn of the writing direction, a line break. */
export const HOSTILE = '<img src=x onerror=alert(1)>\u202egnp.exe\n';
