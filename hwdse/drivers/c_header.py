"""A C header for the co-processor: names of its registers, and functions to run jobs."""

from hwdse.spec.coprocessor_registers import ERRORS
from hwdse.spec.registers import RegisterTable


def c_header(table: RegisterTable, spec: str, top: str) -> str:
    """Text of a header in C99 without other files than the standard's.

    Names begin with the name of the module: macros in capitals, functions and types in small
    letters.

    Args:
        table: the registers.
        spec: text of the design.
        top: name of the module.
    """
    big, small = top.upper(), top.lower()
    stage = "BIAS_LOW" in table
    return f"""/* Registers and functions of the co-processor {top}.
 * {spec}
 *
 * Matrices lie in memory row by row: A (M x K), W (N x K), the result A W^T (M x N). An element
 * takes {big}_A_BYTES, {big}_W_BYTES or {big}_R_BYTES bytes. Addresses and strides
 * are multiples of {big}_WORD_BYTES bytes. What the program has written to memory must be there
 * before a job starts, and what its cache holds of the result must be dropped after the job.
 *
 * This file is generated. No obligation attaches to it: use it as you like.
 */
#ifndef {big}_H
#define {big}_H

#include <stdint.h>

/* Define these before for another way to the registers. */
#ifndef {big}_READ32
#define {big}_READ32(base, offset) (*(volatile uint32_t *)((base) + (offset)))
#endif
#ifndef {big}_WRITE32
#define {big}_WRITE32(base, offset, value) \\
    (*(volatile uint32_t *)((base) + (offset)) = (uint32_t)(value))
#endif

{_offsets(table, big)}
{_sizes(table, big)}
/* Why a job has ended. */
{_errors(big)}
/* A job, for {small}_start(). */
struct {small}_job {{
    uint32_t m, n, k; /* sizes */
    uint64_t a, w, r; /* addresses of A, W and the result */
    uint32_t a_stride, w_stride, r_stride; /* bytes from row to row */
{_JOB_STAGE if stage else ""}}};

/* True if the registers at `base` are those of this co-processor. */
static inline int {small}_is_there(uintptr_t base)
{{
{_identity(table, big)}
}}

/* True while a job runs. */
static inline int {small}_busy(uintptr_t base)
{{
    return ({big}_READ32(base, {big}_STATUS) & {big}_STATUS_BUSY) != 0;
}}

/* Start a job, and do not wait for its end. Returns -1 if the last job still runs, otherwise 0. */
static inline int {small}_start(uintptr_t base, const struct {small}_job *job)
{{
    if ({small}_busy(base))
        return -1;
{_settings(table, big)}
    {big}_WRITE32(base, {big}_CONTROL, {big}_CONTROL_START);
    return 0;
}}

/* Why the last job has ended: {big}_ERROR_... */
static inline int {small}_error(uintptr_t base)
{{
    return (int)(({big}_READ32(base, {big}_STATUS) & {big}_STATUS_ERROR) / \
{big}_STATUS_ERROR_LSB);
}}

/* Wait for the end of the job. Returns {big}_ERROR_NONE if it has ended well. */
static inline int {small}_wait(uintptr_t base)
{{
    while (!({big}_READ32(base, {big}_STATUS) & {big}_STATUS_DONE)) {{
    }}
    return {small}_error(base);
}}

/* Forget how the last job has ended; the interrupt falls. */
static inline void {small}_clear(uintptr_t base)
{{
    {big}_WRITE32(base, {big}_CONTROL, {big}_CONTROL_CLEAR);
}}

/* Choose whether the interrupt is high from a job's end to {small}_clear() or the next start. */
static inline void {small}_enable_interrupt(uintptr_t base, int on)
{{
    {big}_WRITE32(base, {big}_INTERRUPT, on ? {big}_INTERRUPT_DONE : 0u);
}}

/* Clock cycles that the last job has taken so far. */
static inline uint32_t {small}_cycles(uintptr_t base)
{{
    return {big}_READ32(base, {big}_CYCLES);
}}

#endif
"""


_JOB_STAGE = """\
    uint64_t bias, scales; /* addresses of N numbers each, 32 bits; 0: none */
    int32_t scale; /* factor of all columns, if there are no scales; 1: leave sums as they are */
    uint32_t shift; /* binary places to the right, 0 to 63 */
"""


def _offsets(table: RegisterTable, big: str) -> str:
    """Macros of offsets, of bits, and of values of constants."""
    lines = []
    for register in table:
        lines.append(f"/* {register.meaning} ({register.kind}) */")
        lines.append(f"#define {big}_{register.name} {register.offset:#04x}u")
        if register.kind == "constant":
            lines.append(f"#define {big}_{register.name}_VALUE {register.value:#010x}u")
        for part in register.fields:
            name = f"{big}_{register.name}_{part.name.upper()}"
            lines.append(f"#define {name} {part.mask:#x}u /* {part.meaning} */")
            if part.bits > 1:
                lines.append(f"#define {name}_LSB {1 << part.low:#x}u")
    return "".join(f"{line}\n" for line in lines)


def _sizes(table: RegisterTable, big: str) -> str:
    """Macros of the sizes that the constants tell."""
    names = {
        "ARRAY": {"rows": "ROWS", "cols": "COLS", "word": "WORD_BYTES"},
        "ELEMENTS": {"a": "A_BYTES", "w": "W_BYTES", "r": "R_BYTES"},
    }
    lines = ["/* Rows and columns of the array, bytes of a bus word, bytes of elements. */"]
    for register, fields in names.items():
        for part in table[register].fields:
            if part.name in fields:
                value = (table[register].value & part.mask) >> part.low
                lines.append(f"#define {big}_{fields[part.name]} {value}u")
    return "".join(f"{line}\n" for line in lines)


def _errors(big: str) -> str:
    return "".join(
        f"#define {big}_ERROR_{name.upper()} {code} /* {meaning} */\n"
        for name, (code, meaning) in ERRORS.items()
    )


def _identity(table: RegisterTable, big: str) -> str:
    """The comparison of all constants."""
    checks = " &&\n           ".join(
        f"{big}_READ32(base, {big}_{register.name}) == {big}_{register.name}_VALUE"
        for register in table
        if register.kind == "constant"
    )
    return f"    return {checks};"


def _settings(table: RegisterTable, big: str) -> str:
    """Statements that write each setting of a job."""
    values = {}
    for register in table:
        name = register.port
        if register.kind == "setting" and not register.always:
            values[register.name] = f"job->{name}"
        for half, shift in (("_low", ""), ("_high", " >> 32")):
            if name.endswith(half):
                values[register.name] = f"job->{name.removesuffix(half)}{shift}"
    if "OPTIONS" in table:
        values["OPTIONS"] = (
            f"(job->bias ? {big}_OPTIONS_BIAS : 0u) |\n"
            f"            (job->scales ? {big}_OPTIONS_SCALES : 0u)"
        )
    return "\n".join(
        f"    {big}_WRITE32(base, {big}_{name}, {value});" for name, value in values.items()
    )
