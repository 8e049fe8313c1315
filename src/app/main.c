/* main.c -- weft: one program, many sub-commands (commands.c lists them). */
#include "app/program.h"

int main(int argc, char **argv)
{
    return weft_program_run(argc, argv);
}
