# SPDX-License-Identifier: GPL-2.0-only
# Run by scripts/bench-report, which sets out (the folder) and configs (a word for each block).
n = words(configs)
set key outside right top
set grid
set style data linespoints
set datafile missing '?'

do for [terminal in 'svg png'] {
    if (terminal eq 'svg') { set terminal svg noenhanced size 1000,600 }
    if (terminal eq 'png') { set terminal pngcairo noenhanced size 1000,600 }

    set logscale xy
    set output out.'/bench-length.'.terminal
    set title 'Allocate and free one buffer'
    set xlabel 'length, KiB'
    set ylabel 'cost'
    plot for [i = 1:n] out.'/bench-length.dat' index i - 1 using 1:2 lc i lw 2 dt 1 title word(configs, i).', ours', \
         for [i = 1:n] out.'/bench-length.dat' index i - 1 using 1:3 lc i lw 1 dt 2 title word(configs, i).', raw'

    set output out.'/bench-live.'.terminal
    set title 'Free one of many buffers of 4 KiB, chosen at random'
    set xlabel 'live buffers'
    plot for [i = 1:n] out.'/bench-live.dat' index i - 1 using 1:2 lc i lw 2 dt 1 title word(configs, i).', ours', \
         for [i = 1:n] out.'/bench-live.dat' index i - 1 using 1:3 lc i lw 1 dt 2 title word(configs, i).', raw'

    set output out.'/bench-lookup.'.terminal
    set title 'The logical address of a byte in one of many buffers; raw: a list'
    plot for [i = 1:n] out.'/bench-live.dat' index i - 1 using 1:4 lc i lw 2 dt 1 title word(configs, i).', ours', \
         for [i = 1:n] out.'/bench-live.dat' index i - 1 using 1:5 lc i lw 1 dt 2 title word(configs, i).', raw'

    unset logscale
    set logscale y
    set output out.'/bench-ratio.'.terminal
    set title 'Cost of ours by that of raw; below 1 is cheaper'
    set xlabel ''
    set ylabel 'ratio'
    set xtics rotate by -60
    set style data histograms
    set style fill solid
    plot for [i = 1:n] out.'/bench-ratio.dat' index i - 1 using 2:xtic(1) lc i title word(configs, i)
    set style data linespoints
    set xtics norotate autofreq
}
