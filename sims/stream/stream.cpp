// Drives any unit whose interface is a set of streams, and compares every output transfer with its
// expected words. The wrapper module `streams` joins the ports of the unit to two words: one for
// inputs and one for outputs.
//
//   stream PLAN DATA SEED [MUTANT...]
//
// PLAN is a text file: `clocked reset_cycles turns rst rst_low streams`, then one line per stream:
//
//   name output valid ready low starts follows latency transfers answers fields width...
//
// `output` is 1 for output streams. `rst`, `valid`, `ready` and `low` are bit positions in the
// input or output word, or -1 if the signal does not exist. `low` is the position of the first
// field. `starts` is the position of the bit that starts a sequence, counted within the fields, or
// -1 if there is only one sequence. `follows` is the number of the input stream that an output
// stream answers. `latency` is a number of cycles, or -1 if it is not fixed. DATA has the transfers
// of each stream in order. Each transfer takes whole 32-bit words. If `answers` is 1, one word
// before each output transfer gives the index of the input transfer that it answers.
//
// Inputs idle at random. Outputs with a `ready` signal are held back at random. One line of JSON on
// stdout reports the counts and the first mismatches.
//
// Compiled with MUTANTS, the wrapper has an input `mutsel` that selects a fault. Each mutant runs
// until its first mismatch. A line per mutant has its number and the cycle of the mismatch, or -1.
// A mutant that takes other cycles than the unit without a fault if nothing stalls is wrong, too.
// Before the trace, a part of it runs until a reset interrupts it. Inputs are random during that
// reset. Neither may matter.
//
// Compiled with RECORDING, the program compares nothing:
//
//   stream PLAN DATA SEED RESULTS
//
// Nothing stalls: inputs never idle, and outputs are always taken. DATA has no output transfers.
// `transfers` of an output stream is the number of transfers to wait for. RESULTS gets, stream by
// stream, the cycle of each transfer, and after these the output transfers in the order of time.
// Cycle 0 offers the first input. The cycle of a transfer that never came is 2^32 - 1. What is
// missing, and what came beyond the expected number, are the mismatches of the report.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "Vstreams.h"
#include "verilated.h"

namespace {

using In = std::remove_reference_t<decltype(Vstreams::in)>;
using Out = std::remove_reference_t<decltype(Vstreams::out)>;
using Words = std::vector<uint32_t>;
template <class T> constexpr int words = (sizeof(T) + 3) / 4;
constexpr int IDLE_ONE_IN = 16, WAIT_ONE_IN = 4, KEPT_MISMATCHES = 16, EXTRA = 64;
constexpr long PATIENCE = 100000, INTERRUPTED = 100, NO_LIMIT = 1L << 62;
constexpr uint32_t NEVER = ~0u;
#ifdef RECORDING
constexpr bool RECORDS = true;
#else
constexpr bool RECORDS = false;
#endif
// Whether inputs idle and outputs are held back.
bool stalls = !RECORDS;

[[noreturn]] void fail(const std::string& reason) {
    std::fprintf(stderr, "stream: %s\n", reason.c_str());
    std::exit(2);
}

bool bit(const Words& word, int at) { return word[at / 32] >> (at % 32) & 1; }

void set_bit(Words& word, int at, bool value) {
    const uint32_t mask = 1u << (at % 32);
    word[at / 32] = value ? word[at / 32] | mask : word[at / 32] & ~mask;
}

void copy_bits(Words& to, int to_low, const uint32_t* from, int from_low, int width) {
    for (int done = 0; done < width;) {
        const int source = from_low + done, target = to_low + done;
        const int some = std::min({width - done, 32 - source % 32, 32 - target % 32});
        const uint32_t mask = ~0u >> (32 - some);
        uint32_t& word = to[target / 32];
        word &= ~(mask << target % 32);
        word |= (from[source / 32] >> source % 32 & mask) << target % 32;
        done += some;
    }
}

struct Stream {
    std::string name;
    int output, valid, ready, low, starts, follows, latency;
    long transfers;
    int answers;
    std::vector<int> fields;
    int width = 0, row = 0;
    Words data;

    const uint32_t* words_of(long index) const { return &data[index * row + answers]; }
    long answered(long index) const { return answers ? data[index * row] : index; }
};

struct Report {
    long vectors = 0, checked = 0, mismatches = 0;
    std::string first;

    void mismatch(const std::string& stream, long index, int field, const std::string& got) {
        if (++mismatches > KEPT_MISMATCHES) return;
        first += first.empty() ? "" : ", ";
        first += "{\"stream\": \"" + stream + "\", \"index\": " +
                 (index < 0 ? "null" : std::to_string(index)) +
                 ", \"field\": " + std::to_string(field) + ", \"got\": \"" + got + "\"}";
    }
};

class Source {
  public:
    Source(const Stream& stream, int turns) : stream_{stream}, turns_(turns), left{stream.transfers} {
        for (auto& turn : turns_) turn = {0, 0};
    }

    void sample(const Words& out) {
        accepted = -1;
        if (offered_ < 0 || (stream_.ready >= 0 && !bit(out, stream_.ready))) return;
        accepted = offered_;
        offered_ = -1;
        --left;
    }

    void offer(Words& in, std::minstd_rand& noise) {
        if (offered_ >= 0) return;
        if (!stalls || stream_.valid < 0 || noise() % IDLE_ONE_IN) {
            auto& [at, end] = turns_[turn_];
            if (at == end) {
                at = next_;
                end = next_ = end_of_sequence(next_);
            }
            if (at < end) offered_ = at++;
        }
        turn_ = turn_ + 1 == turns_.size() ? 0 : turn_ + 1;
        if (stream_.valid >= 0) set_bit(in, stream_.valid, offered_ >= 0);
        if (offered_ >= 0) {
            copy_bits(in, stream_.low, stream_.words_of(offered_), 0, stream_.width);
        } else if (stream_.valid >= 0) {
            for (int k = 0; k < stream_.width; ++k) set_bit(in, stream_.low + k, noise() >> 8 & 1);
        }
    }

    long accepted = -1;

  private:
    long end_of_sequence(long from) const {
        if (stream_.starts < 0 || from == stream_.transfers) return stream_.transfers;
        for (++from; from < stream_.transfers; ++from) {
            if (stream_.words_of(from)[stream_.starts / 32] >> (stream_.starts % 32) & 1) break;
        }
        return from;
    }

    const Stream& stream_;
    std::vector<std::pair<long, long>> turns_;
    size_t turn_ = 0;
    long next_ = 0, offered_ = -1;

  public:
    long left;
};

class Sink {
  public:
    Sink(const Stream& stream, Report& report) : stream_{stream}, report_{report}, left{stream.transfers} {
        for (long k = 0; k < stream.transfers; ++k) by_answer_.push_back({stream.answered(k), k});
        coming_.assign(std::max(stream.latency, 0), {});
    }

    void expect(long accepted) {
        std::vector<long> brought;
        if (accepted >= 0) {
            auto at = std::lower_bound(by_answer_.begin(), by_answer_.end(), std::pair(accepted, -1L));
            for (; at != by_answer_.end() && at->first == accepted; ++at) brought.push_back(at->second);
        }
        if (stream_.latency >= 0) {
            coming_.push_back(brought);
            brought = coming_.front();
            coming_.pop_front();
        }
        due_.insert(due_.end(), brought.begin(), brought.end());
    }

    bool sample(const Words& out) {
        if (stream_.valid < 0) {
            if (due_.empty()) return false;
            compare(out);
            return true;
        }
        if (!bit(out, stream_.valid)) {
            if (waiting_) report_.mismatch(stream_.name, -1, 0, stream_.name + "_valid dropped while waiting");
            waiting_ = false;
            if (stream_.latency >= 0 && !due_.empty()) {
                report_.mismatch(stream_.name, take(), 0, stream_.name + "_valid missing");
            }
            return false;
        }
        Words now(words<Out>);
        copy_bits(now, 0, out.data(), stream_.low, stream_.width);
        if (waiting_ && now != held_) report_.mismatch(stream_.name, -1, 0, stream_.name + " changed while waiting");
        waiting_ = !willing_;
        held_ = now;
        if (!willing_) return false;
        if (due_.empty()) {
            report_.mismatch(stream_.name, -1, 0, stream_.name + "_valid without an input");
        } else {
            compare(out);
        }
        return true;
    }

    // `ready` comes at random, or for some transfers only after `valid`: no unit may wait for it.
    void choose(Words& in, std::minstd_rand& noise) {
        if (stream_.ready < 0) return;
        if (willing_) patient_ = stalls && noise() % WAIT_ONE_IN == 0;
        willing_ = !stalls || (patient_ ? waiting_ : noise() % WAIT_ONE_IN > 0);
        set_bit(in, stream_.ready, willing_);
    }

    void missing() {
        for (long index : due_) report_.mismatch(stream_.name, index, 0, stream_.name + ": a transfer is missing");
    }

  private:
    long take() {
        const long index = due_.front();
        due_.pop_front();
        --left;
        return index;
    }

    void compare(const Words& out) {
        const long index = take();
        ++report_.checked;
        const uint32_t* expected = stream_.words_of(index);
        int at = 0;
        for (size_t field = 0; field < stream_.fields.size(); ++field) {
            bool same = true;
            for (int k = at; k < at + stream_.fields[field]; ++k) {
                same &= bit(out, stream_.low + k) == (expected[k / 32] >> (k % 32) & 1);
            }
            if (!same) {
                report_.mismatch(stream_.name, index, field, hexadecimal(out, stream_.low + at, stream_.fields[field]));
                return;
            }
            at += stream_.fields[field];
        }
    }

    static std::string hexadecimal(const Words& out, int low, int width) {
        std::string text;
        for (int k = (width - 1) / 4; k >= 0; --k) {
            int digit = 0;
            for (int j = 3; j >= 0; --j) digit = digit * 2 + (4 * k + j < width && bit(out, low + 4 * k + j));
            text += "0123456789abcdef"[digit];
        }
        return "0x" + text;
    }

    const Stream& stream_;
    Report& report_;
    std::vector<std::pair<long, long>> by_answer_;
    std::deque<std::vector<long>> coming_;
    std::deque<long> due_;
    bool waiting_ = false, willing_ = true, patient_ = false;
    Words held_;

  public:
    long left;
};

std::vector<Stream> read_plan(std::ifstream& plan, std::ifstream& data, int count) {
    std::vector<Stream> streams(count);
    for (Stream& s : streams) {
        int fields = 0;
        plan >> s.name >> s.output >> s.valid >> s.ready >> s.low >> s.starts >> s.follows >> s.latency >>
            s.transfers >> s.answers >> fields;
        s.fields.resize(fields);
        for (int& width : s.fields) {
            plan >> width;
            s.width += width;
        }
        if (!plan) fail("the plan ends early");
        s.row = (s.width + 31) / 32 + s.answers;
        if (RECORDS && s.output) continue;
        s.data.resize(s.row * s.transfers);
        data.read(reinterpret_cast<char*>(s.data.data()), s.data.size() * sizeof(uint32_t));
        if (static_cast<size_t>(data.gcount()) != s.data.size() * sizeof(uint32_t)) fail("the data end early");
    }
    return streams;
}

struct Plan {
    int clocked = 0, reset_cycles = 0, turns = 0, rst = 0, low = 0;
    std::vector<Stream> streams;
};

class Unit {
  public:
    Unit(int seed, bool clocked, int mutant) : clocked_{clocked} {
        // Registers without a reset start with random values.
        context_.randReset(2);
        context_.randSeed(seed + 1);
        unit_ = std::make_unique<Vstreams>(&context_);
#ifdef MUTANTS
        unit_->mutsel = mutant;
#else
        (void)mutant;
#endif
    }

    // Gives the outputs just before the next clock edge, then passes the edge. Without a clock,
    // gives the outputs that follow from the inputs.
    void tick(const Words& in, Words& out) {
        std::memcpy(&unit_->in, in.data(), sizeof(In));
        unit_->clk = 0;
        unit_->eval();
        std::memcpy(out.data(), &unit_->out, sizeof(Out));
        if (!clocked_) return;
        unit_->clk = 1;
        unit_->eval();
    }

  private:
    VerilatedContext context_;
    std::unique_ptr<Vstreams> unit_;
    bool clocked_;
};

void reset(Unit& unit, const Plan& plan, Words& in, std::minstd_rand& noise, bool junk) {
    Words out(words<Out> + 1);
    for (int k = 0; k < plan.reset_cycles; ++k) {
        if (junk) {
            for (size_t at = 0; at < 8 * sizeof(In); ++at) set_bit(in, at, noise() >> 8 & 1);
        }
        set_bit(in, plan.rst, !plan.low);
        unit.tick(in, out);
    }
    if (plan.reset_cycles) set_bit(in, plan.rst, plan.low);
}

// The trace until `most` cycles have passed, or until the first mismatch if that is `enough`.
// Returns the cycles.
long drive(Unit& unit, const Plan& plan, Words& in, std::minstd_rand& noise, Report& report, long most, bool enough) {
    const int number = plan.streams.size();
    std::vector<std::unique_ptr<Source>> sources(number);
    std::vector<std::pair<Source*, std::unique_ptr<Sink>>> sinks;
    int extra = 1;
    for (int k = 0; k < number; ++k) {
        if (!plan.streams[k].output) sources[k] = std::make_unique<Source>(plan.streams[k], plan.turns);
    }
    for (const Stream& s : plan.streams) {
        if (!s.output) continue;
        extra = std::max(extra, s.latency < 0 ? EXTRA : s.latency + 1);
        sinks.emplace_back(sources[s.follows].get(), std::make_unique<Sink>(s, report));
    }
    Words out(words<Out> + 1);
    long quiet = 0, cycle = 0;
    for (int draining = extra; draining && quiet < PATIENCE && cycle < most; ++cycle) {
        if (enough && report.mismatches) return cycle;
        for (auto& source : sources) {
            if (source) source->offer(in, noise);
        }
        for (auto& [source, sink] : sinks) sink->choose(in, noise);
        unit.tick(in, out);
        bool moved = false, ended = true;
        for (auto& source : sources) {
            if (!source) continue;
            source->sample(out);
            moved |= source->accepted >= 0;
            ended &= source->left == 0;
        }
        for (auto& [source, sink] : sinks) {
            sink->expect(source->accepted);
            moved |= sink->sample(out);
            ended &= sink->left == 0;
        }
        quiet = moved ? 0 : quiet + 1;
        draining = ended ? draining - 1 : extra;
    }
    if (cycle < most) {
        for (auto& [source, sink] : sinks) sink->missing();
    }
    return cycle;
}

Report run(const Plan& plan, int seed) {
    Report report;
    Unit unit(seed, plan.clocked, 0);
    std::minstd_rand noise(seed + 1);
    Words in(words<In> + 1);
    for (const Stream& s : plan.streams) report.vectors += s.output ? s.transfers : 0;
    reset(unit, plan, in, noise, false);
    drive(unit, plan, in, noise, report, NO_LIMIT, false);
    return report;
}

// The cycle of a mutant's first mismatch, or -1.
long first_wrong(const Plan& plan, int seed, int mutant) {
    Unit unit(seed, plan.clocked, mutant);
    std::minstd_rand noise(seed + 1);
    Words in(words<In> + 1);
    long cycles = 0, vectors = 0;
    if (plan.reset_cycles) {
        Report interrupted;
        reset(unit, plan, in, noise, true);
        cycles = drive(unit, plan, in, noise, interrupted, INTERRUPTED + noise() % INTERRUPTED, true);
        if (interrupted.mismatches) return cycles;
        reset(unit, plan, in, noise, true);
    }
    Report report;
    cycles += drive(unit, plan, in, noise, report, NO_LIMIT, true);
    for (const Stream& s : plan.streams) vectors += s.output ? s.transfers : 0;
    return report.mismatches || report.checked < vectors ? cycles : -1;
}

// The cycles of the trace without stalls, or -1 if something is wrong.
long full_speed(const Plan& plan, int seed, int mutant) {
    Unit unit(seed, plan.clocked, mutant);
    std::minstd_rand noise(seed + 1);
    Words in(words<In> + 1);
    Report report;
    stalls = false;
    reset(unit, plan, in, noise, false);
    const long cycles = drive(unit, plan, in, noise, report, NO_LIMIT, true);
    stalls = true;
    return report.mismatches ? -1 : cycles;
}

#ifdef RECORDING
// The transfers of a stream as they happened.
struct Recorded {
    std::vector<uint32_t> cycles;
    Words rows;
    long came = 0;

    void transfer(long index, long cycle) {
        ++came;
        if (index < static_cast<long>(cycles.size())) cycles[index] = cycle;
    }
};

// Runs all inputs without stalls, and EXTRA cycles after the last transfer.
std::vector<Recorded> record(const Plan& plan, int seed) {
    Unit unit(seed, plan.clocked, 0);
    std::minstd_rand noise(seed + 1);
    Words in(words<In> + 1), out(words<Out> + 1), now(words<Out>);
    std::vector<Recorded> found(plan.streams.size());
    std::vector<std::unique_ptr<Source>> sources(plan.streams.size());
    long left = 0;
    for (size_t k = 0; k < plan.streams.size(); ++k) {
        const Stream& s = plan.streams[k];
        left += s.transfers;
        found[k].cycles.assign(s.transfers, NEVER);
        if (s.output) {
            if (s.valid < 0) fail(s.name + " has no valid signal");
            found[k].rows.assign(s.row * s.transfers, 0);
        } else {
            sources[k] = std::make_unique<Source>(s, plan.turns);
        }
    }
    reset(unit, plan, in, noise, false);
    for (const Stream& s : plan.streams) {
        if (s.output && s.ready >= 0) set_bit(in, s.ready, true);
    }
    long quiet = 0;
    for (long cycle = 0; quiet < (left > 0 ? PATIENCE : EXTRA); ++cycle) {
        for (auto& source : sources) {
            if (source) source->offer(in, noise);
        }
        unit.tick(in, out);
        bool moved = false;
        for (size_t k = 0; k < plan.streams.size(); ++k) {
            const Stream& s = plan.streams[k];
            long index = -1;
            if (!s.output) {
                sources[k]->sample(out);
                index = sources[k]->accepted;
            } else if (bit(out, s.valid)) {
                index = found[k].came;
                if (index < s.transfers) {
                    std::fill_n(now.begin(), s.row, 0);
                    copy_bits(now, 0, out.data(), s.low, s.width);
                    std::copy_n(now.begin(), s.row, &found[k].rows[index * s.row]);
                }
            }
            if (index < 0) continue;
            found[k].transfer(index, cycle);
            --left;
            moved = true;
        }
        quiet = moved ? 0 : quiet + 1;
    }
    return found;
}

Report recorded(const Plan& plan, int seed, const char* path) {
    Report report;
    std::ofstream file(path, std::ios::binary);
    const auto write = [&file](const Words& data) {
        file.write(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(uint32_t));
    };
    const std::vector<Recorded> found = record(plan, seed);
    for (size_t k = 0; k < found.size(); ++k) {
        const Stream& s = plan.streams[k];
        write(found[k].cycles);
        write(found[k].rows);
        if (s.output) {
            report.vectors += s.transfers;
            report.checked += std::min(found[k].came, s.transfers);
        }
        if (found[k].came == s.transfers) continue;
        report.mismatch(s.name, -1, 0,
                        s.name + ": " + std::to_string(found[k].came) + " of " +
                            std::to_string(s.transfers) + " transfers");
    }
    if (!file.flush()) fail(std::string("cannot write ") + path);
    return report;
}
#endif

}  // namespace

int main(int count, char** arguments) {
    if (count < 4) fail("three arguments are needed: plan, data, seed");
    std::ifstream text(arguments[1]), data(arguments[2], std::ios::binary);
    const int seed = std::atoi(arguments[3]);
    Plan plan;
    int number = 0;
    text >> plan.clocked >> plan.reset_cycles >> plan.turns >> plan.rst >> plan.low >> number;
    if (!text || !data) fail("cannot read plan or data");
    plan.streams = read_plan(text, data, number);
#ifdef MUTANTS
    const long pace = full_speed(plan, seed, 0);
    for (int k = 4; k < count; ++k) {
        const int mutant = std::atoi(arguments[k]);
        const long wrong = first_wrong(plan, seed, mutant);
        const bool slower = wrong < 0 && full_speed(plan, seed, mutant) != pace;
        std::printf("%d %ld\n", mutant, slower ? pace : wrong);
    }
    return 0;
#else
#ifdef RECORDING
    if (count < 5) fail("four arguments are needed: plan, data, seed, results");
    const Report report = recorded(plan, seed, arguments[4]);
#else
    const Report report = run(plan, seed);
#endif
    std::printf("{\"vectors\": %ld, \"checked\": %ld, \"mismatches\": %ld, \"first_mismatches\": [%s]}\n",
                report.vectors, report.checked, report.mismatches, report.first.c_str());
    return report.mismatches || report.checked != report.vectors;
#endif
}
