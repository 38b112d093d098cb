#include "io/netcdf_file.hpp"

#include <netcdf.h>

#include <cctype>
#include <utility>

namespace hopf::runtime {

NetcdfFile::NetcdfFile(const std::string& path, Watch watch)
    : file_(path), error_(file_.error()), watch_(std::move(watch)) {
  if (error_.empty()) check(nc_create(file_.temporary().c_str(), NC_NETCDF4 | NC_CLOBBER, &id_));
}

NetcdfFile::~NetcdfFile() {
  if (id_ >= 0) nc_close(id_);
}

void NetcdfFile::check(int status) {
  if (status != NC_NOERR && error_.empty()) error_ = file_.failure(nc_strerror(status));
}

/// Before a piece of work: nothing has failed, and nobody asks for a stop.
bool NetcdfFile::ready() const {
  if (watch_) watch_();
  return error_.empty();
}

std::string NetcdfFile::unused_name(const std::string& wanted) {
  std::string name;
  for (const char c : wanted) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80);
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (name.size() > 1 && name.back() == '_' && wanted.back() != '_') name.pop_back();
  while (!names_.insert(name).second) name += '_';
  return name;
}

int NetcdfFile::dimension(const std::string& name, std::size_t length) {
  int id = -1;
  if (error_.empty()) check(nc_def_dim(id_, name.c_str(), length, &id));
  return id;
}

int NetcdfFile::variable(const std::string& name, const std::vector<int>& dimensions) {
  int id = -1;
  const int rank = static_cast<int>(dimensions.size());
  if (error_.empty()) check(nc_def_var(id_, name.c_str(), NC_DOUBLE, rank, dimensions.data(), &id));
  return id;
}

int NetcdfFile::text_variable(const std::string& name, int dimension) {
  int id = -1;
  if (error_.empty()) check(nc_def_var(id_, name.c_str(), NC_STRING, 1, &dimension, &id));
  return id;
}

void NetcdfFile::attribute(int variable, const std::string& name, const std::string& text) {
  if (error_.empty()) check(nc_put_att_text(id_, variable, name.c_str(), text.size(), text.data()));
}

void NetcdfFile::attribute(int variable, const std::string& name, double number) {
  if (error_.empty()) check(nc_put_att_double(id_, variable, name.c_str(), NC_DOUBLE, 1, &number));
}

void NetcdfFile::global(const std::string& name, const std::string& text) {
  attribute(NC_GLOBAL, name, text);
}
void NetcdfFile::global(const std::string& name, double number) {
  attribute(NC_GLOBAL, name, number);
}

void NetcdfFile::end_definitions() {
  if (error_.empty()) check(nc_enddef(id_));
}

void NetcdfFile::write(int variable, const std::vector<double>& data) {
  if (ready()) check(nc_put_var_double(id_, variable, data.data()));
}

void NetcdfFile::write(int variable, const std::vector<std::size_t>& start,
                       const std::vector<std::size_t>& count, const double* data) {
  if (ready()) check(nc_put_vara_double(id_, variable, start.data(), count.data(), data));
}

void NetcdfFile::write(int variable, const std::vector<std::string>& words) {
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  if (error_.empty()) check(nc_put_var_string(id_, variable, pointers.data()));
}

std::string NetcdfFile::close() {
  if (id_ >= 0) check(nc_close(id_));
  id_ = -1;
  return error_.empty() ? file_.commit() : error_;
}

}  // namespace hopf::runtime
