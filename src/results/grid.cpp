#include "results/grid.h"

#include <algorithm>

#include "base/error.h"
#include "base/html.h"
#include "base/joined.h"
#include "base/text_width.h"

namespace vlrm {
namespace {

constexpr size_t kWidth = 100, kNarrowest = 16, kGap = 2;

std::string padded(std::string_view text, size_t width, bool left) {
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return left ? std::string(text) + blanks : blanks + std::string(text);
}

std::vector<std::string> lines_of(std::string_view cell) {
  std::vector<std::string> lines;
  for (;;) {
    const size_t end = cell.find('\n');
    lines.emplace_back(cell.substr(0, end));
    if (end == cell.npos) return lines;
    cell.remove_prefix(end + 1);
  }
}

// Where the neighbours of one group end that start at `column` or before it.
size_t span_end(const Grid& grid, size_t column) {
  size_t end = column + 1;
  while (end < grid.columns.size() && grid.columns[end].group == grid.columns[column].group) ++end;
  return end;
}

std::vector<size_t> widths_of(const Grid& grid) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < grid.columns.size(); ++i) {
    const bool alone = i + 1 == span_end(grid, i) && (i == 0 || span_end(grid, i - 1) == i);
    size_t width = std::max(width_of(grid.columns[i].name), alone ? width_of(grid.columns[i].group) : 0);
    for (const auto& row : grid.rows)
      for (const std::string& line : lines_of(row[i])) width = std::max(width, width_of(line));
    widths.push_back(width);
  }
  return widths;
}

void append_line(std::string& out, const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line.append(kGap, ' ');
    line += padded(cells[i], widths[i], i == 0);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

// Each group in the middle above its columns.
void append_groups(std::string& out, const Grid& grid, const std::vector<size_t>& widths) {
  std::vector<std::string> groups;
  std::vector<size_t> spans;
  for (size_t i = 0; i < widths.size(); i = span_end(grid, i)) {
    size_t span = widths[i];
    for (size_t k = i + 1; k < span_end(grid, i); ++k) span += kGap + widths[k];
    const std::string& group = grid.columns[i].group;
    const size_t blanks = span - std::min(span, width_of(group));
    groups.push_back(group + std::string(blanks / 2, ' '));
    spans.push_back(span);
  }
  append_line(out, groups, spans);
}

// A row of cells of several lines.
void append_row(std::string& out, const std::vector<std::string>& row, const std::vector<size_t>& widths) {
  std::vector<std::vector<std::string>> cells{wrapped(row[0], widths[0])};
  size_t height = cells[0].size();
  for (size_t i = 1; i < row.size(); ++i) {
    cells.push_back(lines_of(row[i]));
    height = std::max(height, cells.back().size());
  }
  for (size_t line = 0; line < height; ++line) {
    std::vector<std::string> parts;
    for (const auto& cell : cells) parts.push_back(line < cell.size() ? cell[line] : "");
    append_line(out, parts, widths);
  }
}

std::vector<std::string> names_of(const Grid& grid) {
  std::vector<std::string> names;
  for (const GridColumn& column : grid.columns) names.push_back(column.name);
  return names;
}

bool has_groups(const Grid& grid) {
  return std::any_of(grid.columns.begin(), grid.columns.end(),
                     [](const auto& column) { return !column.group.empty(); });
}

void append_notes(std::string& out, const Grid& grid, size_t width) {
  for (const std::string& note : grid.notes)
    for (const std::string& line : wrapped(note, width)) out += line + "\n";
}

// Where the columns do not fit beside each other: each row as lines, a column each.
std::string list_of(const Grid& grid, size_t width) {
  std::string out;
  const auto add = [&](const std::string& text, size_t indent) {
    for (const std::string& line : wrapped(text, width > indent ? width - indent : 1))
      out += std::string(indent, ' ') + line + "\n";
  };
  if (!grid.title.empty()) add(grid.title, 0);
  for (const auto& row : grid.rows) {
    add(joined(lines_of(row[0]), " "), 0);
    for (size_t i = 1; i < row.size(); ++i) {
      const GridColumn& column = grid.columns[i];
      add(fmt::format("{}{}{}: {}", column.group, column.group.empty() || column.name.empty() ? "" : ", ", column.name,
                      joined(lines_of(row[i]), "  ")),
          2);
    }
  }
  append_notes(out, grid, width);
  return out;
}

std::string text_of(const Grid& grid, std::optional<size_t> room) {
  const size_t width = room.value_or(kWidth);
  std::vector<size_t> widths = widths_of(grid);
  size_t others = 0;
  for (size_t i = 1; i < widths.size(); ++i) others += widths[i] + kGap;
  widths[0] = std::min(widths[0], std::max(kNarrowest, width - std::min(width, others)));
  if (room && widths[0] + others > width) return list_of(grid, width);
  std::string out;
  if (!grid.title.empty())
    for (const std::string& line : wrapped(grid.title, width)) out += line + "\n";
  if (has_groups(grid)) {
    append_groups(out, grid, widths);
  }
  append_line(out, names_of(grid), widths);
  for (const auto& row : grid.rows) append_row(out, row, widths);
  append_notes(out, grid, width);
  return out;
}

std::string markdown_of(const Grid& grid) {
  const std::vector<size_t> widths = widths_of(grid);
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (size_t i = 0; i < cells.size(); ++i) text += fmt::format(" {} |", padded(cells[i], widths[i], i == 0));
    return text + "\n";
  };
  std::string out = grid.title.empty() ? "" : fmt::format("**{}**\n\n", grid.title);
  out += line(names_of(grid)) + "|";
  for (size_t i = 0; i < widths.size(); ++i)
    out += fmt::format(" {:->{}}{} |", "", i == 0 ? widths[i] : widths[i] - 1, i == 0 ? "" : ":");
  out += "\n";
  for (const auto& row : grid.rows) out += line(row);
  for (const std::string& note : grid.notes) out += fmt::format("\n{}\n", note);
  return out;
}

// \multicolumn over neighbours of one group, with rules beneath them.
std::string latex_groups(const Grid& grid) {
  std::string heads, rules;
  for (size_t i = 1; i < grid.columns.size();) {
    const size_t end = span_end(grid, i);
    heads += fmt::format(" & \\multicolumn{{{}}}{{c}}{{{}}}", end - i, grid.columns[i].group);
    if (!grid.columns[i].group.empty()) rules += fmt::format(" \\cmidrule(lr){{{}-{}}}", i + 1, end);
    i = end;
  }
  return heads + " \\\\\n" + rules.substr(std::min<size_t>(1, rules.size())) + "\n";
}

std::string latex_of(const Grid& grid) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) text += (i > 0 ? " & " : "") + cells[i];
    return text + " \\\\\n";
  };
  std::string out = "% needs \\usepackage{booktabs}\n\\begin{table}[t]\n\\centering\n\\begin{tabular}{l" +
                    std::string(grid.columns.size() - 1, 'r') + "}\n\\toprule\n";
  if (has_groups(grid)) out += latex_groups(grid);
  out += line(names_of(grid)) + "\\midrule\n";
  for (const auto& row : grid.rows) out += line(row);
  out += "\\bottomrule\n\\end{tabular}\n\\caption{" + grid.title + (grid.title.empty() ? "" : ".");
  for (const std::string& note : grid.notes) out.append(out.back() == '{' ? "" : " ").append(note);
  return out + "}\n\\end{table}\n";
}

std::string html_row(const std::string& tag, const std::vector<std::string>& cells) {
  std::string row = "<tr>";
  for (size_t i = 0; i < cells.size(); ++i)
    row += i == 0 ? fmt::format("<th scope=\"{}\">{}</th>", tag == "th" ? "col" : "row", cells[i])
                  : fmt::format("<{0}>{1}</{0}>", tag, cells[i]);
  return row + "</tr>\n";
}

std::string html_groups(const Grid& grid) {
  std::string row = "<tr>";
  for (size_t i = 0; i < grid.columns.size(); i = span_end(grid, i))
    row += fmt::format("<th scope=\"colgroup\" colspan=\"{}\">{}</th>", span_end(grid, i) - i, grid.columns[i].group);
  return row + "</tr>\n";
}

std::string html_of(const Grid& grid) {
  std::string out = "<figure class=\"table\">\n<table>\n";
  if (!grid.title.empty()) out += "<caption>" + grid.title + "</caption>\n";
  out += "<thead>\n" + (has_groups(grid) ? html_groups(grid) : "") + html_row("th", names_of(grid)) +
         "</thead>\n<tbody>\n";
  for (const auto& row : grid.rows) out += html_row("td", row);
  out += "</tbody>\n</table>\n";
  for (const std::string& note : grid.notes) out += "<figcaption>" + note + "</figcaption>\n";
  return out + "</figure>\n";
}

std::string latex_escaped(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kCommands[] = {{"\\", "\\textbackslash{}"},
                                                                                {"{", "\\{"},
                                                                                {"}", "\\}"},
                                                                                {"$", "\\$"},
                                                                                {"&", "\\&"},
                                                                                {"#", "\\#"},
                                                                                {"_", "\\_"},
                                                                                {"%", "\\%"},
                                                                                {"[", "{[}"},
                                                                                {"]", "{]}"},
                                                                                {"|", "\\textbar{}"},
                                                                                {"<", "\\textless{}"},
                                                                                {">", "\\textgreater{}"},
                                                                                {"~", "\\textasciitilde{}"},
                                                                                {"^", "\\textasciicircum{}"},
                                                                                {"λ", "$\\lambda$"},
                                                                                {"−", "$-$"},
                                                                                {"†", "$^\\dagger$"},
                                                                                {"‡", "$^\\ddagger$"}};
  std::string out;
  while (!text.empty()) {
    const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                     [&](const auto& command) { return text.starts_with(command.first); });
    const bool known = found != std::end(kCommands);
    out += known ? found->second : text.substr(0, 1);
    text.remove_prefix(known ? found->first.size() : 1);
  }
  return out;
}

}  // namespace

std::string escaped(std::string_view text, Layout layout) {
  if (layout == Layout::latex) return latex_escaped(text);
  if (layout == Layout::html) return escaped_html(text);
  std::string out;
  for (const char c : text) {
    if (layout == Layout::markdown && std::string_view("\\|*_`<[]").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string rendered(const Grid& grid, Layout layout, std::optional<size_t> width) {
  switch (layout) {
    case Layout::text:
      return text_of(grid, width);
    case Layout::markdown:
      return markdown_of(grid);
    case Layout::latex:
      return latex_of(grid);
    default:
      return html_of(grid);
  }
}

}  // namespace vlrm
