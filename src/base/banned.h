/* banned.h -- unsafe string functions become compile errors; forced into every C file by the build
 * (-include). */
#ifndef WEFT_BASE_BANNED_H
#define WEFT_BASE_BANNED_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#pragma GCC poison gets strcpy strcat strncpy strncat sprintf vsprintf strtok gmtime localtime \
    ctime asctime tmpnam mktemp atoi atol atof
#endif
