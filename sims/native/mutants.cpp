// Runs the mutants of a unit one after another, all on the same clock cycles. Each run ends at the
// first wrong output.
//
//   mutants clocked|combinational CYCLES NUMBER...
//
// CYCLES is a file of rows of 32-bit words. A row has all inputs of a cycle, the outputs expected
// after its clock edge, and a mask of the output bits to compare. The outputs of a clocked unit
// must hold until the next edge, while the inputs change. Mutant 0 is the unit without a fault. On
// stdout there is one line per mutant: its number and the row of the first wrong output, or -1.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "Vmutants.h"
#include "verilated.h"

namespace {

using In = std::remove_reference_t<decltype(Vmutants::in)>;
using Out = std::remove_reference_t<decltype(Vmutants::out)>;
template <class T> constexpr int words = (sizeof(T) + 3) / 4;
constexpr int ROW = words<In> + 2 * words<Out>;

template <class T> void from_words(T& to, const uint32_t* from) {
    if constexpr (sizeof(T) < sizeof(uint32_t)) {
        to = static_cast<T>(*from);
    } else {
        std::memcpy(&to, from, sizeof(T));
    }
}

bool wrong(const Out& out, const uint32_t* row) {
    uint32_t got[words<Out>] = {};
    std::memcpy(got, &out, sizeof(Out));
    const uint32_t* expected = row + words<In>;
    for (int k = 0; k < words<Out>; ++k) {
        if ((got[k] ^ expected[k]) & expected[words<Out> + k]) return true;
    }
    return false;
}

long first_wrong(const std::vector<uint32_t>& cycles, bool clocked, int number) {
    VerilatedContext context;
    // Registers without a reset start with random values.
    context.randReset(2);
    context.randSeed(1);
    auto unit = std::make_unique<Vmutants>(&context);
    unit->mutsel = number;
    for (size_t at = 0; at < cycles.size(); at += ROW) {
        // Inputs change with the falling edge, which no register uses.
        from_words(unit->in, &cycles[at]);
        unit->clk = 0;
        unit->eval();
        if (clocked && at && wrong(unit->out, &cycles[at - ROW])) return at / ROW - 1;
        unit->clk = 1;
        unit->eval();
        if (wrong(unit->out, &cycles[at])) return at / ROW;
    }
    return -1;
}

}  // namespace

int main(int count, char** arguments) {
    std::FILE* file = count > 2 ? std::fopen(arguments[2], "rb") : nullptr;
    if (!file) {
        std::fprintf(stderr, "mutants: the kind of unit and a file of cycles are needed\n");
        return 2;
    }
    std::fseek(file, 0, SEEK_END);
    std::vector<uint32_t> cycles(std::ftell(file) / sizeof(uint32_t));
    std::rewind(file);
    const size_t got = std::fread(cycles.data(), sizeof(uint32_t), cycles.size(), file);
    std::fclose(file);
    if (got != cycles.size() || cycles.empty() || cycles.size() % ROW) {
        std::fprintf(stderr, "mutants: %s does not hold whole rows\n", arguments[2]);
        return 2;
    }
    const bool clocked = !std::strcmp(arguments[1], "clocked");
    for (int k = 3; k < count; ++k) {
        const int number = std::atoi(arguments[k]);
        std::printf("%d %ld\n", number, first_wrong(cycles, clocked, number));
    }
}
