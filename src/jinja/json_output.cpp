// json.dumps.
#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "jinja/operations.h"
#include "python/json.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

class Writer {
 public:
  Writer(Workspace& workspace, const JsonStyle& style) : workspace_(workspace), style_(style) {}
  std::string out;

  void write(const Value& value, int depth) {
    Nesting guard(depth);
    workspace_.step();
    workspace_.expect(out.size());
    switch (value.kind()) {
      case Kind::text:
        workspace_.look_at_characters(value.bytes());
        write_text(value.bytes());
        break;
      case Kind::list:
      case Kind::tuple:
        write_items(value.as_items(), depth);
        break;
      case Kind::dict:
        write_dict(value.as_dict(), depth);
        break;
      case Kind::undefined:
      case Kind::object:
        raise("Object of type {} is not JSON serializable", type_name(value));
      default:
        out += scalar(value);
    }
  }

 private:
  static std::string scalar(const Value& value) {
    switch (value.kind()) {
      case Kind::none:
        return "null";
      case Kind::boolean:
        return value.as_boolean() ? "true" : "false";
      case Kind::integer:
        return fmt::format("{}", value.as_integer());
      default:
        break;
    }
    const double number = value.as_real();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return python_float(number);
  }

  void write_text(std::string_view text) {
    out += '"';
    while (!text.empty()) {
      workspace_.expect(out.size());
      const utf8::CodePoint point = utf8::first(text);
      append_json_character(out, point.value, text.substr(0, point.length), style_.ensure_ascii);
      text.remove_prefix(point.length);
    }
    out += '"';
  }

  void break_line(int depth) {
    if (!style_.indent) return;
    workspace_.expect(out.size() + style_.indent->size() * static_cast<size_t>(depth));
    out += '\n';
    for (int i = 0; i < depth; ++i) out += *style_.indent;
  }

  void write_items(const std::vector<Value>& items, int depth) {
    out += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      break_line(depth + 1);
      write(items[i], depth + 1);
    }
    if (!items.empty()) break_line(depth);
    out += ']';
  }

  void write_dict(const Dict& dict, int depth) {
    auto entries = dict.entries();
    if (style_.sort_keys)
      std::stable_sort(entries.begin(), entries.end(), [&](const auto& left, const auto& right) {
        return ordered(workspace_, Order::less, left.first, right.first);
      });
    out += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      break_line(depth + 1);
      write_key(entries[i].first);
      out += style_.key_separator;
      write(entries[i].second, depth + 1);
    }
    if (!entries.empty()) break_line(depth);
    out += '}';
  }

  void write_key(const Value& key) {
    if (key.is_text()) {
      workspace_.look_at_characters(key.bytes());
      write_text(key.bytes());
    } else if (key.is_none() || key.is_number()) {
      write_text(scalar(key));
    } else {
      raise("keys must be str, int, float, bool or None, not {}", type_name(key));
    }
  }

  Workspace& workspace_;
  const JsonStyle& style_;
};

}  // namespace

std::string to_json(Workspace& workspace, const Value& value, const JsonStyle& style) {
  Writer writer(workspace, style);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace vlrm::jinja
