#include "distributed/ranks.h"

#include <charconv>
#include <cstdlib>

#include "base/claim_file.h"
#include "base/error.h"

namespace vlrm {
namespace {

constexpr const char *kDistributed = "distributed", *kShard = "shard";
constexpr int64_t kMostRanks = 1'000'000;

std::optional<int64_t> whole_number_of(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= kMostRanks;
  return whole ? std::optional(value) : std::nullopt;
}

// The variables of one engine after another.
class EngineVariables {
 public:
  explicit EngineVariables(const Variables& variables) : variables_(variables) {}

  bool has(const std::string& name) const { return variables_(name).has_value(); }
  int64_t number(const std::string& name) const {
    const std::string text = variables_(name).value_or("");
    if (const auto value = whole_number_of(text)) return *value;
    throw OptionError(kDistributed, fmt::format("the variable {} is \"{}\", not a whole number from 0 to {}", name,
                                                printable(text), kMostRanks));
  }
  int64_t number_or(const std::string& name, int64_t fallback) const { return has(name) ? number(name) : fallback; }

  // By the names of its four variables; the last two may be missing.
  Ranks ranks(const char* rank, const char* count, const char* local_rank, const char* local_count) const {
    const Ranks ranks{number(rank), number(count), number_or(local_rank, 0), number_or(local_count, 1)};
    if (ranks.rank >= ranks.count)
      throw OptionError(kDistributed, fmt::format("the variables say {}={} and {}={}; ranks are counted from 0", rank,
                                                  ranks.rank, count, ranks.count));
    return {ranks.rank, ranks.count, ranks.local_rank, std::max<int64_t>(1, ranks.local_count)};
  }

 private:
  const Variables& variables_;
};

Ranks ranks_of_step(const EngineVariables& variables) {
  return variables.ranks("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE");
}

// Each task of an array may be a step of several processes.
Ranks ranks_of_array(const EngineVariables& variables) {
  const int64_t count = variables.number("SLURM_ARRAY_TASK_COUNT"), id = variables.number("SLURM_ARRAY_TASK_ID");
  const int64_t first = variables.number_or("SLURM_ARRAY_TASK_MIN", 0);
  const int64_t step = std::max<int64_t>(1, variables.number_or("SLURM_ARRAY_TASK_STEP", 1));
  const int64_t task = (id - first) / step;
  if (id < first || (id - first) % step != 0 || task >= count)
    throw OptionError(kDistributed, fmt::format("SLURM_ARRAY_TASK_ID={} is not one of {} numbers from {} in steps of "
                                                "{}; name the process by `shard`",
                                                id, count, first, step));
  const bool is_step = variables.has("SLURM_PROCID") && variables.has("SLURM_NTASKS");
  const Ranks within = is_step ? ranks_of_step(variables) : Ranks{};
  return {task * within.count + within.rank, count * within.count, within.local_rank, within.local_count};
}

}  // namespace

Ranks ranks_by(const Variables& all) {
  const EngineVariables variables(all);
  const auto has = [&](const char* rank, const char* count) { return variables.has(rank) && variables.has(count); };
  if (has("RANK", "WORLD_SIZE")) return variables.ranks("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE");
  if (has("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT")) return ranks_of_array(variables);
  if (has("SLURM_PROCID", "SLURM_NTASKS")) return ranks_of_step(variables);
  if (has("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"))
    return variables.ranks("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                           "OMPI_COMM_WORLD_LOCAL_SIZE");
  if (has("PMI_RANK", "PMI_SIZE")) return variables.ranks("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS");
  throw OptionError(
      kDistributed,
      "no engine has set its variables: RANK and WORLD_SIZE (torchrun), SLURM_ARRAY_TASK_ID and "
      "SLURM_ARRAY_TASK_COUNT, SLURM_PROCID and SLURM_NTASKS, OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE, or "
      "PMI_RANK and PMI_SIZE; start it by one of these, or name the process by `shard`");
}

Ranks ranks_of_environment() {
  return ranks_by([](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
  });
}

Ranks ranks_of_shard(const std::string& shard) {
  const size_t slash = std::min(shard.find('/'), shard.size());
  const auto rank = whole_number_of(std::string_view(shard).substr(0, slash));
  const auto count = whole_number_of(std::string_view(shard).substr(std::min(slash + 1, shard.size())));
  if (!rank || !count)
    throw OptionError(kShard, fmt::format("\"{}\" is not I/N: 0/4 is the first of four", printable(shard)));
  if (*rank >= *count)
    throw OptionError(kShard, fmt::format("{} is not below {}; shards are counted from 0", *rank, *count));
  return {*rank, *count, *rank, 1};
}

std::string rank_label(const Ranks& ranks) {
  const std::string host = host_name();
  return fmt::format("[rank {} of {}, {}] ", ranks.rank, ranks.count, host.empty() ? "unknown host" : host);
}

}  // namespace vlrm
