#include "squeeze.hpp"

int main() { return squeeze::unpack(squeeze::pack("there and back"), 14) == "there and back" ? 0 : 1; }
