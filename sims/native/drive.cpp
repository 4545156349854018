// Drives many copies of a unit and compares every output with its expected code. The generated
// wrapper `lanes` has one lane per copy.
//
//   drive count=N first=I a=BITS b=BITS bytes=N latency=CYCLES interleave=K seed=S
//         [loads=F depth=D]
//
// The program tries all operands from index I on. The low bits of an index are a, then come b, and
// then c or the number of a running sum. Expected codes come on stdin in the same order, `bytes`
// bytes each. With `loads`, row s of this file has the steps that load running sum number s:
// `depth` records without c. The outputs of these steps are checked, too. A record is a row of
// 32-bit words: first, a, b, expected. Each of the four takes as many words as its port needs. One
// line of JSON on stdout reports the counts and the first mismatches.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "Vlanes.h"
#include "verilated.h"

namespace {

template <class Port> using Element = std::remove_reference_t<decltype(std::declval<Port&>()[0])>;
using A = Element<decltype(Vlanes::i_a)>;
using B = Element<decltype(Vlanes::i_b)>;
using C = Element<decltype(Vlanes::i_c)>;
using O = Element<decltype(Vlanes::o)>;
constexpr int LANES = sizeof(std::remove_reference_t<decltype(Vlanes::o)>) / sizeof(O);
constexpr int KEPT_MISMATCHES = 16;
constexpr int ENOUGH_MISMATCHES = 10000;

template <class T> constexpr int words = (sizeof(T) + 3) / 4;
constexpr int LOAD = 1 + words<A> + words<B> + words<O>;

template <class T> T from_words(const uint32_t* from) {
    T value;
    if constexpr (sizeof(T) < sizeof(uint32_t)) {
        value = static_cast<T>(*from);
    } else {
        std::memcpy(&value, from, sizeof(T));
    }
    return value;
}

template <class T> T from_number(uint64_t number) {
    if constexpr (std::is_integral_v<T>) {
        return static_cast<T>(number);
    } else {
        T value{};
        std::memcpy(&value, &number, sizeof(number));
        return value;
    }
}

template <class T> bool differ(const T& x, const T& y) { return std::memcmp(&x, &y, sizeof(T)); }

template <class T> std::string hexadecimal(const T& value) {
    uint32_t parts[words<T>] = {};
    std::memcpy(parts, &value, sizeof(T));
    std::string text;
    char digits[16];
    for (int k = words<T> - 1; k >= 0; --k) {
        std::snprintf(digits, sizeof digits, "%08x", parts[k]);
        text += digits;
    }
    return text;
}

[[noreturn]] void fail(const std::string& reason) {
    std::fprintf(stderr, "drive: %s\n", reason.c_str());
    std::exit(2);
}

// Registers without a reset start with random values.
struct Context : VerilatedContext {
    explicit Context(int seed) {
        randReset(2);
        randSeed(seed + 1);
    }
};

// The inputs of all lanes in one cycle, and the outputs that must follow `latency` cycles later.
struct Cycle {
    uint64_t index[LANES];
    O expected[LANES];
    CData valid[LANES];
    int step;
};

class Bench {
  public:
    Bench(std::map<std::string, std::string>& options)
        // The input registers of the wrapper take one more cycle.
        : latency_{std::stoi(options["latency"]) + 1},
          ring_(latency_),
          context_{std::stoi(options["seed"])},
          unit_{&context_} {
        for (Cycle& cycle : ring_) std::memset(cycle.valid, 0, sizeof cycle.valid);
        unit_.rst = 1;
        for (int k = 0; k < latency_ + 2; ++k) {
            next();
            tick();
        }
        unit_.rst = 0;
    }

    // Sets the number of inputs that will follow.
    void announce(uint64_t vectors) { vectors_ = vectors; }

    // The cycle to fill. The caller writes its inputs to `unit()`.
    Cycle& next() {
        Cycle& cycle = ring_[position_];
        std::memset(cycle.valid, 0, sizeof cycle.valid);
        cycle.step = -1;
        return cycle;
    }

    Vlanes& unit() { return unit_; }

    void tick() {
        Cycle& cycle = ring_[position_];
        std::memcpy(&unit_.i_valid, cycle.valid, sizeof cycle.valid);
        unit_.clk = 1;
        unit_.eval();
        unit_.clk = 0;
        unit_.eval();
        position_ = position_ + 1 == latency_ ? 0 : position_ + 1;
        if (!unit_.rst) check(ring_[position_]);
    }

    void drain() {
        for (int k = 1; k < latency_; ++k) {
            next();
            tick();
        }
    }

    void report() {
        std::printf("{\"vectors\": %llu, \"checked\": %llu, \"mismatches\": %llu, "
                    "\"first_mismatches\": [%s]}\n",
                    static_cast<unsigned long long>(vectors_),
                    static_cast<unsigned long long>(checked_),
                    static_cast<unsigned long long>(mismatches_), first_.c_str());
    }

  private:
    void check(const Cycle& due) {
        uint64_t checked = 0;
        bool wrong = false;
        for (int k = 0; k < LANES; ++k) {
            wrong |= due.valid[k] != unit_.o_valid[k];
            wrong |= due.valid[k] && differ(due.expected[k], unit_.o[k]);
            checked += due.valid[k] & unit_.o_valid[k];
        }
        checked_ += checked;
        if (!wrong) return;
        find(due);
        if (mismatches_ >= ENOUGH_MISMATCHES) {
            report();
            std::exit(1);
        }
    }

    void find(const Cycle& due) {
        for (int k = 0; k < LANES; ++k) {
            const bool missing = due.valid[k] != unit_.o_valid[k];
            if (!missing && !(due.valid[k] && differ(due.expected[k], unit_.o[k]))) continue;
            if (++mismatches_ > KEPT_MISMATCHES) continue;
            std::string got;
            if (missing) {
                got = due.valid[k] ? "\"o_valid missing\"" : "\"o_valid without an input\"";
            } else {
                got = "\"0x" + hexadecimal(unit_.o[k]) + "\"";
            }
            first_ += first_.empty() ? "" : ", ";
            first_ += "{\"index\": " + (due.valid[k] ? std::to_string(due.index[k]) : "null");
            if (due.step >= 0) first_ += ", \"step\": " + std::to_string(due.step);
            first_ += ", \"got\": " + got + "}";
        }
    }

    int latency_;
    std::vector<Cycle> ring_;
    int position_ = 0;
    uint64_t vectors_ = 0, checked_ = 0, mismatches_ = 0;
    std::string first_;
    Context context_;
    Vlanes unit_;
};

std::vector<uint32_t> read_words(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) fail("cannot read " + path);
    std::fseek(file, 0, SEEK_END);
    std::vector<uint32_t> found(std::ftell(file) / sizeof(uint32_t));
    std::rewind(file);
    const size_t got = std::fread(found.data(), sizeof(uint32_t), found.size(), file);
    std::fclose(file);
    if (got != found.size()) fail("cannot read all of " + path);
    return found;
}

// Expected codes from stdin, read in blocks.
class Expected {
  public:
    explicit Expected(int bytes) : bytes_{bytes}, block_(static_cast<size_t>(bytes) << 16) {}

    O next() {
        if (at_ == end_) {
            end_ = std::fread(block_.data(), 1, block_.size(), stdin);
            at_ = 0;
            if (end_ < static_cast<size_t>(bytes_)) fail("expected codes are missing on stdin");
        }
        O code{};
        std::memcpy(&code, &block_[at_], bytes_);
        at_ += bytes_;
        return code;
    }

  private:
    int bytes_;
    std::vector<unsigned char> block_;
    size_t at_ = 0, end_ = 0;
};

void every(Bench& bench, std::map<std::string, std::string>& options) {
    const int slots = std::stoi(options["interleave"]);
    const int a_bits = std::stoi(options["a"]), b_bits = std::stoi(options["b"]);
    const uint64_t a_mask = (1ull << a_bits) - 1, b_mask = (1ull << b_bits) - 1;
    const uint64_t start = std::stoull(options["first"]);
    const uint64_t stop = start + std::stoull(options["count"]);
    const int depth = options.count("depth") ? std::stoi(options["depth"]) : 0;
    const std::vector<uint32_t> loads =
        depth ? read_words(options["loads"]) : std::vector<uint32_t>();
    Expected codes(std::stoi(options["bytes"]));
    bench.announce((stop - start) * (depth + 1));
    const uint64_t round = static_cast<uint64_t>(LANES) * slots;
    Vlanes& unit = bench.unit();
    for (uint64_t base = start; base < stop; base += round) {
        for (int step = 0; step <= depth; ++step) {
            for (int slot = 0; slot < slots; ++slot) {
                Cycle& cycle = bench.next();
                if (depth) cycle.step = step;
                for (int lane = 0; lane < LANES; ++lane) {
                    const uint64_t index = base + static_cast<uint64_t>(slot) * LANES + lane;
                    if (index >= stop) continue;
                    const uint64_t state = index >> (a_bits + b_bits);
                    cycle.index[lane] = index;
                    cycle.valid[lane] = 1;
                    unit.i_first[lane] = step == 0;
                    if (step < depth) {
                        const uint32_t* record = &loads[(state * depth + step) * LOAD];
                        unit.i_first[lane] = record[0];
                        unit.i_a[lane] = from_words<A>(record += 1);
                        unit.i_b[lane] = from_words<B>(record += words<A>);
                        cycle.expected[lane] = from_words<O>(record + words<B>);
                        continue;
                    }
                    unit.i_a[lane] = from_number<A>(index & a_mask);
                    unit.i_b[lane] = from_number<B>((index >> a_bits) & b_mask);
                    unit.i_c[lane] = from_number<C>(state);
                    cycle.expected[lane] = codes.next();
                }
                bench.tick();
            }
        }
    }
    bench.drain();
    bench.report();
}

}  // namespace

int main(int count, char** arguments) {
    std::map<std::string, std::string> options{{"interleave", "1"}, {"seed", "0"}};
    for (int k = 1; k < count; ++k) {
        const std::string word = arguments[k];
        const size_t equals = word.find('=');
        if (equals == std::string::npos) fail("not of the form key=value: " + word);
        options[word.substr(0, equals)] = word.substr(equals + 1);
    }
    Bench bench(options);
    every(bench, options);
}
