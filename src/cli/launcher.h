// Reads what the program that started this process, such as mpirun, has put into the environment.
// Uses: POSIX.
#ifndef QL_CLI_LAUNCHER_H
#define QL_CLI_LAUNCHER_H

// Returns how many ranks were started, or 0 where this process was not started as a rank.
int ql_cli_launched_ranks(void);

// Writes the name of the machine.
enum { QL_HOST_NAME_BYTES = 64 };
void ql_cli_host_name(char host[QL_HOST_NAME_BYTES]);

#endif
