module example/life

go 1.22
