/* main.c -- weft: one program, many sub-commands (commands.c lists them). */
int main(void)
{
    return 0;
}
