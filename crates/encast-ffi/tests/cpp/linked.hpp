// What the parts of one program offer each other: numbers and plain C only, as they may be of different standards.
#ifndef LINKED_HPP
#define LINKED_HPP

double part_a_vmaf(double bitrate_kbps);
double part_b_vmaf(double bitrate_kbps);

#endif
