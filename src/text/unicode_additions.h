// Characters that Unicode 15.0 to 16.0 assigned, by general category, and those of the script Han: the `tokenizers`
// library knows them, a PCRE2 before 10.45 does not. From UnicodeData.txt 16.0.0 less 14.0.0; code points and ranges in
// hexadecimal.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace vlrm {

inline constexpr auto kUnicodeAdditions = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"Cf", "13439-1343f"},
    {"Ll", "1c8a a7cd a7db 10d70-10d85 1df25-1df2a"},
    {"Lm", "10d4e 10d6f 16d40-16d42 16d6b-16d6c 1e030-1e06d 1e4eb"},
    {"Lo",
     "105c0-105f3 10d4a-10d4d 10d4f 10ec2-10ec4 1123f-11240 11380-11389 1138b 1138e 11390-113b5 113b7 "
     "113d1 113d3 11bc0-11be0 11f02 11f04-11f10 11f12-11f33 1342f 13441-13446 13460-143fa 16100-1611d "
     "16d43-16d6a 18cff 1b132 1b155 1e4d0-1e4ea 1e5d0-1e5ed 1e5f0 2b739 2ebf0-2ee5d 31350-323af"},
    {"Lu", "1c89 a7cb-a7cc a7da a7dc 10d50-10d65"},
    {"Mc",
     "cf3 113b8-113ba 113c2 113c5 113c7-113ca 113cc-113cd 113cf 11f03 11f34-11f35 11f3e-11f3f 11f41 "
     "1612a-1612c"},
    {"Mn",
     "897 ece 10d69-10d6d 10efc-10eff 11241 113bb-113c0 113ce 113d0 113d2 113e1-113e2 11f00-11f01 "
     "11f36-11f3a 11f40 11f42 11f5a 13440 13447-13455 1611e-16129 1612d-1612f 1e08f 1e4ec-1e4ef "
     "1e5ee-1e5ef"},
    {"Nd",
     "10d40-10d49 116d0-116e3 11bf0-11bf9 11f50-11f59 16130-16139 16d70-16d79 1ccf0-1ccf9 1e4f0-1e4f9 "
     "1e5f1-1e5fa"},
    {"No", "1d2c0-1d2d3"},
    {"Pd", "10d6e"},
    {"Po", "1b4e-1b4f 1b7f 113d4-113d5 113d7-113d8 11b00-11b09 11be1 11f43-11f4f 16d6d-16d6f 1e5ff"},
    {"Sm", "10d8e-10d8f"},
    {"So",
     "2427-2429 2ffc-2fff 31e4-31e5 31ef 1cc00-1ccef 1cd00-1ceb3 1f6dc 1f774-1f776 1f77b-1f77f 1f7d9 "
     "1f8b2-1f8bb 1f8c0-1f8c1 1fa75-1fa77 1fa87-1fa89 1fa8f 1faad-1faaf 1fabb-1fabf 1fac6 1face-1facf "
     "1fada-1fadc 1fadf 1fae8-1fae9 1faf7-1faf8 1fbcb-1fbef"},
    {"sc:han", "2ebf0-2ee5d 31350-323af"},
});

// Characters that the tables of the `tokenizers` library's normal forms are too old to know: there they neither
// decompose, nor compose, nor change places with other marks. Ranges, in order.
struct CharacterRange {
  char32_t first, last;
};
inline constexpr auto kUnknownToNormalForms = std::to_array<CharacterRange>({
    {0x7fd, 0x7fd},     {0x897, 0x89f},     {0x8ca, 0x8d3},     {0x9fe, 0x9fe},     {0xc3c, 0xc3c},
    {0xd3b, 0xd3c},     {0xeba, 0xeba},     {0x1715, 0x1715},   {0x1abf, 0x1ace},   {0x1df6, 0x1dfa},
    {0x32ff, 0x32ff},   {0xa7f2, 0xa7f4},   {0xa82c, 0xa82c},   {0xab69, 0xab69},   {0x105c9, 0x105c9},
    {0x105e4, 0x105e4}, {0x10781, 0x10785}, {0x10787, 0x107b0}, {0x107b2, 0x107ba}, {0x10d24, 0x10d27},
    {0x10d69, 0x10d6d}, {0x10eab, 0x10eac}, {0x10efd, 0x10eff}, {0x10f46, 0x10f50}, {0x10f82, 0x10f85},
    {0x11070, 0x11070}, {0x1133b, 0x1133b}, {0x11383, 0x11383}, {0x11385, 0x11385}, {0x1138e, 0x1138e},
    {0x11391, 0x11391}, {0x113c5, 0x113c5}, {0x113c7, 0x113c8}, {0x113ce, 0x113d0}, {0x1145e, 0x1145e},
    {0x11839, 0x1183a}, {0x11938, 0x11938}, {0x1193d, 0x1193e}, {0x11943, 0x11943}, {0x119e0, 0x119e0},
    {0x11a34, 0x11a34}, {0x11a47, 0x11a47}, {0x11a99, 0x11a99}, {0x11d42, 0x11d42}, {0x11d44, 0x11d45},
    {0x11d97, 0x11d97}, {0x11f41, 0x11f42}, {0x16121, 0x16128}, {0x1612f, 0x1612f}, {0x16d68, 0x16d6a},
    {0x16ff0, 0x16ff1}, {0x1ccd6, 0x1ccf9}, {0x1e030, 0x1e06d}, {0x1e08f, 0x1e08f}, {0x1e130, 0x1e136},
    {0x1e2ae, 0x1e2ae}, {0x1e2ec, 0x1e2ef}, {0x1e4ec, 0x1e4ef}, {0x1e5ee, 0x1e5ef}, {0x1f16c, 0x1f16c},
    {0x1fbf0, 0x1fbf9},
});

}  // namespace vlrm
