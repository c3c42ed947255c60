module example/sieve

go 1.22
