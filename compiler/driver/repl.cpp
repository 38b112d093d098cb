#include "repl.hpp"

#include <histedit.h>
#include <langinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>

namespace {

constexpr const char* kHelp =
    "Statements run as in a file, and the value of an expression is printed. Names stay.\n"
    "  model m { ... }              declare a model over several lines\n"
    "  derive(m)   plan(m)          what follows from it, and how it would be solved\n"
    "  V = solve(m)   V(0.5)        solve it, and ask for a value\n"
    ":help   this page        :explain KIND   what an error means\n"
    ":quit or Ctrl-D   leave\n"
    "TAB completes names, Ctrl-C clears the line or stops a running statement.\n";

/// Input gathered until it is a whole statement.
class Reader {
 public:
  explicit Reader(hopf::Session& session) : session_(session) {}

  bool continuing() const { return !text_.empty(); }
  void clear() { text_.clear(); }

  /// Takes a line; true when the statement is complete and waits in `take`.
  bool add(const std::string& line) {
    text_ += line;
    if (text_.find_first_not_of(" \t\r\n") == std::string::npos) text_.clear();
    return !text_.empty() && !hopf::Session::is_incomplete(text_);
  }

  std::string take() { return std::exchange(text_, std::string()); }
  hopf::Session& session() const { return session_; }

 private:
  hopf::Session& session_;
  std::string text_;
};

std::string trimmed(const std::string& line) {
  const std::size_t first = line.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(" \t\r\n") + 1 - first);
}

/// The command of a line at the beginning of a statement: ":help", or "help" as people write it
/// first, unless that is a name here. Empty for anything else.
std::string command_of(const Reader& reader, const std::string& line) {
  if (reader.continuing()) return "";
  const std::string text = trimmed(line);
  if (!text.empty() && text[0] == ':') return text;
  const std::string word = text.substr(0, text.find("()"));
  if (word != "help" && word != "quit" && word != "exit") return "";
  const auto names = reader.session().completions(word);
  const bool taken = std::find(names.begin(), names.end(), word) != names.end();
  return taken ? "" : ":" + word;
}

void explain(const std::string& kind) {
  if (const auto page = hopf::Session::explain(kind)) {
    std::fputs(page->c_str(), stdout);
    return;
  }
  const std::string near = hopf::Session::nearest_kind(kind);
  std::printf("there is no kind '%s'%s\n", kind.c_str(),
              near.empty() ? "" : ("; did you mean '" + near + "'?").c_str());
}

/// False when the prompt is to be left.
bool run_command(const std::string& command) {
  const std::string word = command.substr(0, command.find_first_of(" \t"));
  if (word == ":q" || word == ":quit" || word == ":exit") return false;
  if (word == ":explain") {
    explain(trimmed(command.substr(word.size())));
    return true;
  }
  if (word != ":help" && word != ":h" && word != ":")
    std::printf("there is no command '%s'\n", word.c_str());
  std::fputs(kHelp, stdout);
  return true;
}

std::string history_path() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  if (!(state && *state) && !home) return "";
  const std::filesystem::path folder =
      (state && *state ? std::filesystem::path(state)
                       : std::filesystem::path(home) / ".local/state") /
      "hopf";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  return (folder / "history").string();
}

bool is_name_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || c == '_' || byte >= 0x80;
}

Reader* reader_of(EditLine* editor) {
  void* data = nullptr;
  el_get(editor, EL_CLIENTDATA, &data);
  return static_cast<Reader*>(data);
}

char* prompt(EditLine* editor) {
  static char first[] = "hopf> ", more[] = "  ... ";
  return reader_of(editor)->continuing() ? more : first;
}

/// Completes the name before the cursor as far as all candidates agree, and lists them when they do
/// not.
unsigned char complete(EditLine* editor, int) {
  const LineInfo* line = el_line(editor);
  const char* begin = line->cursor;
  while (begin > line->buffer && is_name_byte(begin[-1])) --begin;
  const std::string prefix(begin, line->cursor);
  const auto names = reader_of(editor)->session().completions(prefix);
  if (names.empty()) return CC_REFRESH_BEEP;
  std::string common = names[0];
  for (const std::string& name : names) {
    std::size_t agree = 0;
    while (agree < common.size() && agree < name.size() && common[agree] == name[agree]) ++agree;
    common.resize(agree);
  }
  if (common.size() > prefix.size()) {
    el_insertstr(editor, common.c_str() + prefix.size());
    return CC_REFRESH;
  }
  if (names.size() == 1) return CC_REFRESH_BEEP;
  std::fputc('\n', stdout);
  for (const std::string& name : names) std::printf("%s  ", name.c_str());
  std::fputc('\n', stdout);
  return CC_REDISPLAY;
}

/// libedit's editor with the history file, closed and saved at the end.
class Editor {
 public:
  explicit Editor(Reader& reader)
      : editor_(el_init("hopf", stdin, stdout, stderr)), history_(history_init()) {
    HistEvent event;
    path_ = history_path();
    history(history_, &event, H_SETSIZE, 2000);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!path_.empty()) history(history_, &event, H_LOAD, path_.c_str());
    el_set(editor_, EL_CLIENTDATA, &reader);
    el_set(editor_, EL_PROMPT, &prompt);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_SIGNAL, 1);
    el_set(editor_, EL_HIST, history, history_);
    el_set(editor_, EL_ADDFN, "complete-name", "complete the name before the cursor", &complete);
    el_set(editor_, EL_BIND, "^I", "complete-name", nullptr);
    el_source(editor_, nullptr);
  }
  Editor(const Editor&) = delete;
  ~Editor() {
    HistEvent event;
    if (!path_.empty()) history(history_, &event, H_SAVE, path_.c_str());
    history_end(history_);
    el_end(editor_);
  }

  /// The next line with its end; null at the end of the input or after Ctrl-C (errno EINTR).
  const char* line() {
    int count = 0;
    errno = 0;
    const char* text = el_gets(editor_, &count);
    return count > 0 ? text : nullptr;
  }

  void remember(const std::string& statement) {
    HistEvent event;
    history(history_, &event, H_ENTER, statement.c_str());
  }

  void clear_line() {
    std::fputc('\n', stdout);
    el_reset(editor_);
  }

 private:
  EditLine* editor_;
  History* history_;
  std::string path_;
};

/// Sources are UTF-8, and libedit reads what the locale says: a locale without it is not followed.
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

int run_plain(Reader& reader, const std::function<int(const hopf::Session&)>& show) {
  int code = 0;
  std::string line;
  const auto run = [&] {
    reader.session().run_text(reader.take());
    if (const int failed = show(reader.session())) code = failed;
  };
  while (std::getline(std::cin, line)) {
    if (const std::string command = command_of(reader, line); !command.empty()) {
      if (!run_command(command)) return code;
    } else if (reader.add(line + "\n")) {
      run();
      if (reader.session().cancelled()) return code;
    }
  }
  if (reader.continuing()) run();
  return code;
}

}  // namespace

int run_repl(hopf::Session& session, const std::function<bool()>& interrupted,
             const std::function<int(const hopf::Session&)>& show_diagnostics) {
  Reader reader(session);
  if (!isatty(STDIN_FILENO)) return run_plain(reader, show_diagnostics);
  use_utf8();
  std::printf("Hopf %s   :help for help, :quit to leave\n", hopf::version().c_str());
  Editor editor(reader);
  while (true) {
    const char* text = editor.line();
    if (!text) {
      if (!interrupted() && errno != EINTR) break;
      reader.clear();
      editor.clear_line();
      continue;
    }
    const std::string line = text;
    if (const std::string command = command_of(reader, line); !command.empty()) {
      editor.remember(line);
      if (!run_command(command)) break;
      continue;
    }
    if (!reader.add(line)) continue;
    const std::string statement = reader.take();
    editor.remember(statement);
    session.run_text(statement);
    std::fflush(stdout);
    show_diagnostics(session);
    interrupted();
  }
  std::fputc('\n', stdout);
  return 0;
}
