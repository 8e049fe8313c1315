/* program.h -- from argv to a command and its exit code. Apart from main.c so that tests can call
 * it. */
#ifndef WEFT_APP_PROGRAM_H
#define WEFT_APP_PROGRAM_H

int weft_program_run(int argc, char *const *argv);

#endif
